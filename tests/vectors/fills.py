"""Cases of kinds `raindex_logs` and `trade_details`: from logs, or from two amounts, to a trade or why it is none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flatbook.events.chain import (
    FillSkipped,
    FillUnvalued,
    GasSpent,
    LogUnparsed,
    SkipReason,
    UnparsedReason,
    VaultFilled,
)
from flatbook.events.event import Event
from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant, instant_of_seconds
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, Quantity
from flatbook.venues.raindex.booking import BlockFacts
from flatbook.venues.raindex.parse import parse_block
from flatbook.venues.raindex.tokens import (
    Inventory,
    RaindexConfig,
    RatioFrom,
    Token,
    TokenForm,
    Usdc,
    VaultOwner,
    ticker_of_symbol,
    underlying_at,
)
from flatbook.venues.raindex.valuation import Appraisal, Leg, NoTrade, appraise, ratio_of_wrapper
from flatbook.venues.raindex.wire import read_quantity, read_receipt
from tests.vectors.outcome import Case, as_number, differing
from tests.vectors.symbols import ALWAYS, accepted_forms, renames_of

ORDER_BOOKS = ("0xe522cb4a5fcb2eb31a52ff41a4653d85a4fd7c9d", "0xd2938e7c9fe3597f78832ce780feb61945c377d7")
USDC_SYMBOL = "USDC"
USDC_DECIMALS = 6
TOKEN_DECIMALS = 18
OWNER = OwnerId("owner")
ACCOUNT = AccountId("vault")
BLOCK_TIME_S = 1_772_000_000
NOWHERE = "0x" + "0" * 40
SHARES_MAX = Quantity(Decimal(10**9))


def run_logs(case: Case) -> str | None:
    """Compares what the logs of a case give with its outcome, or with its list of trades."""
    outcomes = _outcomes(case)
    expected = case["expected"]
    listed = expected.get("trades") if isinstance(expected, dict) else expected
    if isinstance(listed, list):
        return _compare_all(listed, outcomes)
    return differing(expected, _one(expected, outcomes))


def _compare_all(listed: list[Any], outcomes: list[dict[str, Any]]) -> str | None:
    booked = [outcome for outcome in outcomes if outcome["outcome"] != "ignored"]
    if len(listed) != len(booked):
        return f"expected {len(listed)} outcomes, found {len(booked)}"
    return next(filter(None, map(differing, listed, booked)), None)


def _one(expected: Case, outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the outcome that stands at the log a case names, else the first that books something, else the first."""
    place = expected.get("log_index")
    named = [outcome for outcome in outcomes if place is not None and outcome.get("log_index") == int(place)]
    booked = [outcome for outcome in outcomes if outcome["outcome"] != "ignored"]
    return next(iter([*named, *booked, *outcomes]), {"outcome": "nothing"})


def _outcomes(case: Case) -> list[dict[str, Any]]:
    config, block = config_of(case), _block_of(case)
    parsed = parse_block(case["logs"], block, config, seen_at=block.at)
    gas = sum((event.wei_amount for event in parsed.events if isinstance(event, GasSpent)), Decimal(0))
    names = {token.asset: token.symbol for token in config.tokens}
    booked = [_outcome(event, names, gas) for event in parsed.events if not isinstance(event, GasSpent)]
    return booked + [{"outcome": "ignored", "reason": reason.value} for reason in parsed.ignored]


def _outcome(event: Event, names: dict[AssetId, str], gas: Decimal) -> dict[str, Any]:
    if isinstance(event, VaultFilled):
        return _trade(event, names) | {"our_gas_wei": gas}
    if isinstance(event, FillSkipped):
        return _skip(event)
    if isinstance(event, FillUnvalued):
        return {"outcome": "unvalued", "reason": event.reason.value, "log_index": event.key.log_index}
    assert isinstance(event, LogUnparsed)
    retry = event.reason is UnparsedReason.AFTER_CLEAR_MISSING
    outcome = "retry" if retry else "unparsed"
    return {"outcome": outcome, "reason": event.reason.value, "log_index": event.key.log_index}


def _trade(event: VaultFilled, names: dict[AssetId, str]) -> dict[str, Any]:
    kind, _, side = event.kind.partition(":")
    return {
        "outcome": "trade",
        "kind": kind,
        "direction": event.side.value,
        "equity": event.shares,
        "usdc": event.usdc_amount,
        "price": event.price,
        "token": names[event.token],
        "ticker": str(event.underlying),
        "log_index": event.key.log_index,
        "ratio": event.ratio,
        "taker_gas_wei": event.taker_gas_wei,
    } | ({"side": side} if side else {})


def _skip(event: FillSkipped) -> dict[str, Any]:
    quarantined = event.reason is SkipReason.UNPAIRED_SETTLEMENT
    found: dict[str, Any] = {"outcome": "quarantined" if quarantined else "skipped", "reason": event.reason.value}
    if event.side is not None:
        bought = event.side is Side.BUY
        amounts = (event.received_amount, event.gave_amount)
        tokens, usdc = amounts if bought else amounts[::-1]
        equity = event.shares if event.shares is not None else tokens
        found |= {"direction": event.side.value, "equity": equity, "usdc": usdc}
    return found | {"log_index": event.key.log_index}


def config_of(case: Case) -> RaindexConfig:
    """Returns the settings that a case implies: its tokens, owners, inventory and ticker map."""
    symbols = {address.lower(): str(symbol) for address, symbol in case.get("symbols", {}).items()}
    decimals = {address.lower(): int(number) for address, number in case.get("decimals", {}).items()}
    dollars = [address for address, symbol in symbols.items() if symbol == USDC_SYMBOL]
    tokens = [_token(case, address, symbol, decimals) for address, symbol in symbols.items()]
    return RaindexConfig(
        source=SourceId("vectors"),
        chain=ChainId(8453),
        order_books=_listed(case, "orderbook") or ORDER_BOOKS,
        inventories=tuple(
            Inventory(address=address, wallets=_listed(case, "bot_wallet"), owner=OWNER, account=ACCOUNT)
            for address in _listed(case, "inventory")
        ),
        owners=tuple(VaultOwner(address=address, owner=OWNER, account=ACCOUNT) for address in _listed(case, "owner")),
        tokens=tuple(token for token in tokens if token is not None),
        usdc=tuple(_usdc(address, decimals.get(address, USDC_DECIMALS)) for address in dollars),
        renames=renames_of(case),
        shares_max=Quantity(Decimal(case["shares_max"])) if "shares_max" in case else SHARES_MAX,
        gas_coin=AssetId("ETH"),
    )


def _listed(case: Case, name: str) -> tuple[str, ...]:
    """Returns the addresses that a case gives as one text or as a list, under a name or its plural."""
    stated = case.get(name, case.get(name + "s", ()))
    return tuple(address.lower() for address in ([stated] if isinstance(stated, str) else stated))


def _usdc(address: str, decimals: int) -> Usdc:
    return Usdc(address=address, asset=AssetId(USDC_SYMBOL), symbol=USDC_SYMBOL, decimals=decimals)


def _token(case: Case, address: str, symbol: str, decimals: dict[str, int]) -> Token | None:
    for form in accepted_forms(case):
        ticker = ticker_of_symbol(symbol, (form,))
        if ticker is not None:
            return Token(
                address=address,
                asset=AssetId(address),
                instrument=InstrumentId(symbol),
                symbol=symbol,
                form=form,
                ticker=Underlying(ticker),
                decimals=decimals.get(address, TOKEN_DECIMALS),
                ratios=(RatioFrom(block=0, ratio=_ratio(case)),) if form is TokenForm.PREFIX_WT else (),
            )
    return None


def _ratio(case: Case) -> Decimal:
    return ratio_of_wrapper(int(case["convertToAssets_1e18"])) if "convertToAssets_1e18" in case else ONE


def _block_of(case: Case) -> BlockFacts:
    log = next((log for log in case["logs"] if isinstance(log, dict)), {})
    stated = case.get("receipt")
    seconds = read_quantity((stated or {}).get("blockTimestamp", log.get("blockTimestamp"))) or BLOCK_TIME_S
    return BlockFacts(
        number=read_quantity(log.get("blockNumber")) or 0,
        hash=str(log.get("blockHash", "")).lower(),
        at=instant_of_seconds(seconds),
        ratios={},
        ratios_before={},
        symbols={address.lower(): str(symbol) for address, symbol in case.get("symbols", {}).items()},
        receipts={} if stated is None else {str(log.get("transactionHash", "")).lower(): read_receipt(stated)},
    )


def run_details(case: Case) -> str | None:
    """Compares the trade that two amounts of two tokens make with the one of the case, or with its refusal."""
    received = _leg(case, "input")
    gave = _leg(case, "output")
    found = appraise(received, gave, ratio=ONE, shares_max=SHARES_MAX)
    expected = case["expected"]
    if isinstance(found, NoTrade):
        return _compare_refusal(expected, found)
    if "error" in expected or "result" in expected:
        return f"expected {expected}, found a trade of {found.shares} shares"
    return differing(expected, _details(case, found)) or _far_off(expected, found)


def _leg(case: Case, side: str) -> Leg:
    symbol, amount = str(case[f"{side}_symbol"]), Quantity(Decimal(case[f"{side}_amount"]))
    if symbol == USDC_SYMBOL:
        return Leg(token=_usdc(NOWHERE, USDC_DECIMALS), amount=amount)
    return Leg(token=_token(case, NOWHERE, symbol, {}), amount=amount)


def _details(case: Case, found: Appraisal) -> dict[str, Any]:
    return {
        "direction": found.side.value,
        "equity": found.shares,
        "usdc": found.usdc_amount,
        "price": found.price,
        "ticker": str(underlying_at(found.token.ticker, renames_of(case), Instant(ALWAYS))),
    }


def _compare_refusal(expected: Case, found: NoTrade) -> str | None:
    """A case that expects no trade wants zero shares; one that expects an error any other refusal."""
    nothing = found.reason is SkipReason.ZERO_EQUITY
    if expected.get("result") == "no trade":
        return None if nothing else f"expected no trade, found {found.reason.value}"
    return None if "error" in expected and not nothing else f"expected {dict(expected)}, found {found.reason.value}"


def _far_off(expected: Case, found: Appraisal) -> str | None:
    """Compares the price with one that a case states to fewer digits."""
    stated = as_number(expected.get("price_approx"))
    if stated is None:
        return None
    decimals = stated.as_tuple().exponent
    assert isinstance(decimals, int)
    near = abs(found.price - stated) <= ONE.scaleb(decimals)
    return None if near else f"price: expected about {stated}, found {found.price}"
