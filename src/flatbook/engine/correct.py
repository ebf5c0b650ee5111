"""What a difference of the books at an account is, by the rules of that account: a correction, or a reason to stop."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.reports import AccountStatement
from flatbook.engine.rules import Rules
from flatbook.engine.take_clock import is_skewed
from flatbook.events.risk import BooksCorrected
from flatbook.risk.corrections import Verdict, position_verdict, why_too_much
from flatbook.state.desk import Corrected, State
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId
from flatbook.values.instants import Instant, utc_day
from flatbook.values.instruments import Instrument
from flatbook.values.money import NUMBER_DECIMALS_MAX, Price, Quantity, divide_cut

Pair = tuple[Decimal, Decimal]


def correction_of(
    state: State, statement: AccountStatement, asset: AssetId, pair: Pair, rules: Rules, now: Instant
) -> BooksCorrected | str:
    """Returns the correction that the rules of an account allow of a difference, or why they allow none.

    Units: the pair is ours and theirs, in units of the asset, signed.
    """
    account = statement.account
    ours, theirs = pair
    if is_skewed(statement.clock):
        return "the clocks differ"
    instrument = _instrument_of(rules, account, asset)
    owner = None if instrument is None else _bearer(state, rules, instrument)
    if instrument is None or owner is None:
        return "it belongs to no one position"
    terms = rules.corrections_of(account)
    lot = instrument.rules.lot * instrument.contract_size
    if position_verdict(ours, theirs, lot=lot, rules=terms) is not Verdict.CORRECT:
        return "too large to be corrected"
    difference = theirs - ours
    price = _last_price(state, account, instrument.id)
    mark = state.mark(instrument.quote)
    usd = None if price is None or mark is None else difference * price * mark
    why = why_too_much(corrected_on(state, account, asset, utc_day(now)), difference, theirs, usd, terms)
    if why is not None:
        return why
    qty = divide_cut(difference, instrument.contract_size, decimals=NUMBER_DECIMALS_MAX)
    if qty * instrument.contract_size != difference:
        return "no whole part of a contract"
    return BooksCorrected(
        owner=owner,
        account=account,
        instrument=instrument.id,
        underlying=instrument.underlying,
        product=instrument.product,
        subject=str(asset),
        qty=Quantity(qty),
        contract_size=instrument.contract_size,
        price=price,
        usd=usd,
        ours=Quantity(ours),
        theirs=Quantity(theirs),
        stated_at=statement.stated_at,
        seen_at=now,
    )


def corrected_on(state: State, account: AccountId, asset: AssetId, day: int) -> Corrected | None:
    """Returns what was corrected of a position on a day; of an earlier day only what is still unproven."""
    known = state.corrected.get((account, str(asset)))
    return known if known is not None and (known.day == day or known.unproven) else None


def _instrument_of(rules: Rules, account: AccountId, asset: AssetId) -> Instrument | None:
    """Returns the one instrument of an account that holds an asset, None where none or several do."""
    found = [each for each in rules.instruments.values() if each.account == account and each.asset == asset]
    return found[0] if len(found) == 1 else None


def _bearer(state: State, rules: Rules, instrument: Instrument) -> OwnerId | None:
    """Returns whose position a difference is: of the only holder, else of the only one who trades there."""
    rows = state.positions.rows.values()
    here = [row for row in rows if row.account == instrument.account and row.instrument == instrument.id and row.qty]
    if here:
        return here[0].owner if len(here) == 1 else None
    traders = rules.traders.get(instrument.id, ())
    return traders[0][0] if len(traders) == 1 else None


def _last_price(state: State, account: AccountId, instrument: InstrumentId) -> Price | None:
    """Returns the price of the newest execution of an instrument that is known."""
    for (holder, traded, _), (_, _, price) in reversed(state.executions.items()):
        if holder == account and traded == instrument:
            return price
    return None
