"""How far each account with contracts is from being closed by force, at the prices that are seen now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise

import msgspec

from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.answers.positions import number_or_none
from flatbook.ops.config_accounts import PaperExchangeAccount
from flatbook.ops.config_backtest import steps_of
from flatbook.ops.config_shape import Config
from flatbook.state.desk import State
from flatbook.state.positions import Entry
from flatbook.values.ids import AccountId, AssetId, InstrumentId
from flatbook.values.instruments import Instrument, Product
from flatbook.values.money import ZERO, divide_cut, plain

PRICE_DECIMALS, PERCENT_DECIMALS = 8, 2
PERCENT = Decimal(100)

Prices = Mapping[str, Decimal]
Steps = tuple[tuple[Decimal, Decimal], ...]
Rates = Mapping[AccountId, Steps]


class ContractBody(msgspec.Struct, frozen=True, kw_only=True):
    """A position that is held in margin. `price` is what is seen now, None where nobody sees one.

    Units: contracts, signed; quote per base; quote; percent. `forced_at` is the price at which its account would be
    closed by force if no other price moved, None where that is not known or no price does it; `away_pct` is how far
    that is from the price, unsigned.
    """

    instrument: str
    qty: str
    entry: str | None
    price: str | None
    worth: str | None
    unrealised: str | None
    forced_at: str | None
    away_pct: str | None


class MarginBody(msgspec.Struct, frozen=True, kw_only=True):
    """The margin of one account in one asset.

    Units: of `asset`; percent. `cash` is what the account holds of it, `equity` that and what is not realised yet,
    `needed` what its positions need, below which they are closed by force: None where the venue does not state the
    rate, or a price is not seen. `used_pct` is needed by equity.
    """

    account: str
    asset: str
    cash: str
    equity: str | None
    worth: str | None
    needed: str | None
    used_pct: str | None
    maintenance_pct: str | None
    contracts: list[ContractBody]


class MarginAnswer(Answer, frozen=True, kw_only=True):
    """The accounts that trade contracts, the nearest to being closed by force first; where it is unknown last."""

    margins: list[MarginBody]


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """A position in margin, and what is seen of it. Units: `size` in base, signed; `cost` in quote, signed."""

    instrument: Instrument
    qty: Decimal
    size: Decimal
    cost: Decimal
    price: Decimal | None

    @property
    def unrealised(self) -> Decimal | None:
        """What it would bring at the price that is seen."""
        return None if self.price is None else self.size * self.price - self.cost


def margin_answer(
    state: State, moment: AsOf, instruments: Iterable[Instrument], rates: Rates, prices: Prices
) -> MarginAnswer:
    """Returns the margin of each account that trades contracts.

    Units: `prices` are those seen now, quote per base. `rates` say of the accounts of which that is known above which
    worth a part of a position needs how many percent of it, the smallest first and from zero on.
    """
    contracts = [each for each in instruments if each.product is not Product.SPOT]
    pots = dict.fromkeys((each.account, each.quote) for each in contracts)
    bodies = []
    for account, asset in pots:
        held = list(_held(state, account, asset, contracts, prices))
        cash = state.balances.get((account, asset), ZERO)
        bodies.append(_margin(account, asset, cash, held, rates.get(account)))
    return MarginAnswer(as_of=moment, margins=sorted(bodies, key=_urgency))


def rates_of(config: Config) -> dict[AccountId, Steps]:
    """Returns what positions need at accounts whose venue is one of our own: no other one states it here."""
    return {
        AccountId(name): ((ZERO, section.margin.maintenance_pct), *steps_of(section.margin))
        for name, section in config.accounts.items()
        if isinstance(section, PaperExchangeAccount) and section.margin is not None
    }


def _held(
    state: State, account: AccountId, asset: AssetId, contracts: list[Instrument], prices: Prices
) -> Iterator[_Held]:
    for each in contracts:
        entry = state.entries.get((account, InstrumentId(each.id))) or Entry()
        if (each.account, each.quote) == (account, asset) and entry.qty:
            size = entry.qty * each.contract_size
            price = prices.get(each.id)
            yield _Held(instrument=each, qty=entry.qty, size=size, cost=entry.cost, price=price)


def _margin(account: AccountId, asset: AssetId, cash: Decimal, held: list[_Held], steps: Steps | None) -> MarginBody:
    gains = [each.unrealised for each in held]
    equity = None if None in gains else cash + sum((gain for gain in gains if gain is not None), ZERO)
    worth = None
    if all(each.price is not None for each in held):
        worth = sum((abs(each.size) * (each.price or ZERO) for each in held), ZERO)
    needed = None
    if worth is not None and steps is not None:
        needed = sum((needed_by(abs(each.size) * (each.price or ZERO), steps) for each in held), ZERO)
    used = None
    if needed is not None and equity is not None and equity > ZERO:
        used = divide_cut(needed * PERCENT, equity, decimals=PERCENT_DECIMALS)
    return MarginBody(
        account=account,
        asset=asset,
        cash=plain(cash),
        equity=number_or_none(equity),
        worth=number_or_none(worth),
        needed=number_or_none(needed),
        used_pct=number_or_none(used),
        maintenance_pct=None if steps is None else plain(steps[0][1]),
        contracts=[_contract(each, equity, needed, steps) for each in held],
    )


def _contract(held: _Held, equity: Decimal | None, needed: Decimal | None, steps: Steps | None) -> ContractBody:
    forced = None
    if held.price is not None and equity is not None and needed is not None and steps is not None:
        forced = forced_at(size=held.size, price=held.price, spare=equity - needed, steps=steps)
    away = None
    if forced is not None and held.price:
        away = divide_cut(abs(forced - held.price) * PERCENT, held.price, decimals=PERCENT_DECIMALS)
    return ContractBody(
        instrument=held.instrument.id,
        qty=plain(held.qty),
        entry=plain(divide_cut(held.cost, held.size, decimals=PRICE_DECIMALS)),
        price=number_or_none(held.price),
        worth=None if held.price is None else plain(abs(held.size) * held.price),
        unrealised=number_or_none(held.unrealised),
        forced_at=number_or_none(forced),
        away_pct=number_or_none(away),
    )


def needed_by(worth: Decimal, steps: Steps) -> Decimal:
    """Returns what a position of this worth needs to stay. Units: quote."""
    parts, needed = [*steps, (worth, ZERO)], ZERO
    for (above, percent), (end, _) in pairwise(parts):
        part = min(worth, end) - above if worth > above else ZERO
        needed += divide_cut(part * percent, PERCENT, decimals=PRICE_DECIMALS)
    return needed


def forced_at(*, size: Decimal, price: Decimal, spare: Decimal, steps: Steps) -> Decimal | None:
    """Returns the nearest price at which equity is what is needed, if no other price moves; None where none is.

    Units: base, signed; quote per base; `spare` is equity less what is needed, quote. A price p moves equity by
    size * (p - price), and what is needed by that of the worth |size| * p, which rises in straight parts.
    """
    found = []
    now, ends = needed_by(abs(size) * price, steps), [above for above, _ in steps[1:]]
    for (above, percent), end in zip(steps, [*ends, None], strict=True):
        slope = size * PERCENT - abs(size) * percent
        to_spare = (needed_by(above, steps) - now - spare + size * price) * PERCENT - above * percent
        at = divide_cut(to_spare, slope, decimals=PRICE_DECIMALS) if slope else ZERO
        if at > ZERO and above <= abs(size) * at and (end is None or abs(size) * at <= end):
            found.append(at)
    return min(found, key=lambda each: abs(each - price), default=None)


def _urgency(body: MarginBody) -> tuple[bool, Decimal, str]:
    known = body.used_pct is not None and bool(body.contracts)
    return not known, -Decimal(body.used_pct or "0"), body.account
