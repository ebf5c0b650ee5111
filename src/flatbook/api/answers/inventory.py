"""What stands at each account and vault: balances, positions, what may be spent, and when the venue last said so."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.api.answers.moment import Answer, AsOf, instant_or_none
from flatbook.api.answers.positions import PositionBody, number_or_none, position_body
from flatbook.api.answers.status import DifferenceBody, differences_of
from flatbook.engine.rules import WalletRules
from flatbook.ops.config_shape import Config
from flatbook.state.calls import WalletBook, WalletKey
from flatbook.state.desk import State
from flatbook.state.orders import Status
from flatbook.values.ids import AssetId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import ZERO, plain


class AssetBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has of an asset, in units of it; `usd_mark` is the stated value of one, None without a mark.

    `reserved` is what our open orders for the thing itself would take of it, `in_flight` the part of that whose fate
    nobody knows; `available` is the rest. Contracts reserve margin, which their venue counts by rules of its own.
    """

    asset: str
    amount: str
    reserved: str
    in_flight: str
    available: str
    usd_mark: str | None


class WalletBody(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet that sends transactions of ours. `is_low` where its coin is below what is configured.

    Units: of `coin`; `calls_open` counts transactions under way, `calls_today` those of the UTC day.
    """

    chain: str
    wallet: str
    account: str
    coin: str
    gas: str | None
    low: str
    is_low: bool | None
    calls_open: int
    calls_today: int
    calls_day_max: int


class FundsBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may spend, as its venue stated it, less what was bought since. Units: of `asset`."""

    asset: str
    settled: str | None
    spendable: str | None
    good_faith: int | None
    stated_at: str


class AccountBody(msgspec.Struct, frozen=True, kw_only=True):
    """One account or vault. `kind` is that of the configuration, None where it is not named there.

    Units: `stated_at` is when the venue's statement was last compared with our books, None where it never was in this
    run or no engine says; it is too old beyond `age_s_max`. `open_orders` counts ours that may still execute there.
    """

    account: str
    kind: str | None
    balances: list[AssetBody]
    positions: list[PositionBody]
    funds: FundsBody | None
    open_orders: int
    stated_at: str | None
    stated_open_orders: int | None
    age_s_max: int | None
    differences: list[DifferenceBody]


class InventoryAnswer(Answer, frozen=True, kw_only=True):
    """Every account and vault that holds anything, or that the configuration names, and the wallets."""

    accounts: list[AccountBody]
    wallets: list[WalletBody]


STATEMENTS_MISSED_MAX = 3


def inventory_answer(
    state: State, moment: AsOf, config: Config, statements: Mapping[str, Any], wallets: Mapping[WalletKey, WalletRules]
) -> InventoryAnswer:
    """Returns what stands where. `statements` are those that the running engine has compared, by account."""
    vaults = [vault.account for owner in config.owners.values() for vault in owner.vaults.values()]
    held = [account for account, _ in state.balances] + [account for _, account, _ in state.positions.rows]
    names = sorted(dict.fromkeys([*config.accounts, *vaults, *held]))
    return InventoryAnswer(
        as_of=moment,
        accounts=[_account(state, config, name, statements.get(name)) for name in names],
        wallets=[_wallet(state, key, rules) for key, rules in sorted(wallets.items())],
    )


def _wallet(state: State, key: WalletKey, rules: WalletRules) -> WalletBody:
    gas, book = state.balances.get((rules.account, rules.coin)), state.wallets.get(key) or WalletBook()
    return WalletBody(
        chain=str(key[0]),
        wallet=key[1],
        account=rules.account,
        coin=rules.coin,
        gas=number_or_none(gas),
        low=plain(rules.coin_low),
        is_low=None if gas is None else gas < rules.coin_low,
        calls_open=len(state.calls_of(key)),
        calls_today=book.calls_today,
        calls_day_max=rules.limits.calls_day_max,
    )


def reserved_of(state: State, account: str, quotes: Mapping[str, str]) -> dict[str, tuple[Decimal, Decimal]]:
    """Returns what open orders for the thing itself would take of each asset, and of that what nobody knows of.

    Units: of the asset; `quotes` are what instruments are priced in.
    """
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for order in (state.orders[order_id] for order_id in state.open_orders):
        if order.account != account or order.product is not Product.SPOT:
            continue
        asset, takes = str(order.asset), Decimal(order.leaves)
        if order.side is Side.BUY:
            asset = quotes.get(order.instrument, "")
            takes = order.leaves * (order.limit or ZERO) * order.contract_size
        all_, unknown = found.get(asset, (ZERO, ZERO))
        found[asset] = all_ + takes, unknown + (takes if order.status is Status.UNKNOWN else ZERO)
    return found


def _asset(state: State, asset: str, amount: Decimal, reserved: tuple[Decimal, Decimal]) -> AssetBody:
    return AssetBody(
        asset=asset,
        amount=plain(amount),
        reserved=plain(reserved[0]),
        in_flight=plain(reserved[1]),
        available=plain(amount - reserved[0]),
        usd_mark=number_or_none(state.mark(AssetId(asset))),
    )


def _account(state: State, config: Config, name: str, statement: Mapping[str, Any] | None) -> AccountBody:
    section = config.accounts.get(name)
    stated_at = None if statement is None else Instant(statement["stated_at"])
    reserved = reserved_of(state, name, {each: stated.quote for each, stated in config.instruments.items()})
    return AccountBody(
        account=name,
        kind=None if section is None else str(section.__struct_config__.tag),
        balances=[
            _asset(state, asset, amount, reserved.get(asset, (ZERO, ZERO)))
            for (account, asset), amount in sorted(state.balances.items())
            if account == name
        ],
        positions=[
            position_body(row) for (_, account, _), row in sorted(state.positions.rows.items()) if account == name
        ],
        funds=_funds(state, name),
        open_orders=sum(state.orders[order_id].account == name for order_id in state.open_orders),
        stated_at=instant_or_none(stated_at),
        stated_open_orders=None if statement is None else statement["open_orders"],
        age_s_max=None if section is None else STATEMENTS_MISSED_MAX * config.pace.statement_s,
        differences=[each for each in differences_of(state) if each.account == name],
    )


def _funds(state: State, name: str) -> FundsBody | None:
    found = next((funds for account, funds in state.funds.items() if account == name), None)
    if found is None:
        return None
    return FundsBody(
        asset=found.asset,
        settled=number_or_none(found.settled),
        spendable=number_or_none(found.spendable),
        good_faith=found.good_faith,
        stated_at=instant_or_none(found.stated_at) or "",
    )
