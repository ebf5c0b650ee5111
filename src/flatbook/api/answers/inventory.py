"""What stands at each account and vault: balances, positions, what may be spent, and when the venue last said so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flatbook.api.answers.moment import Answer, AsOf, instant_or_none
from flatbook.api.answers.positions import PositionBody, number_or_none, position_body
from flatbook.api.answers.status import DifferenceBody, differences_of
from flatbook.ops.config_shape import Config
from flatbook.state.desk import State
from flatbook.values.instants import Instant
from flatbook.values.money import plain


class AssetBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has of an asset, in units of it; `usd_mark` is the stated value of one, None without a mark."""

    asset: str
    amount: str
    usd_mark: str | None


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
    """Every account and vault that holds anything, or that the configuration names."""

    accounts: list[AccountBody]


STATEMENTS_MISSED_MAX = 3


def inventory_answer(state: State, moment: AsOf, config: Config, statements: Mapping[str, Any]) -> InventoryAnswer:
    """Returns what stands where. `statements` are those that the running engine has compared, by account."""
    vaults = [vault.account for owner in config.owners.values() for vault in owner.vaults.values()]
    held = [account for account, _ in state.balances] + [account for _, account, _ in state.positions.rows]
    names = sorted(dict.fromkeys([*config.accounts, *vaults, *held]))
    return InventoryAnswer(
        as_of=moment, accounts=[_account(state, config, name, statements.get(name)) for name in names]
    )


def _account(state: State, config: Config, name: str, statement: Mapping[str, Any] | None) -> AccountBody:
    section = config.accounts.get(name)
    stated_at = None if statement is None else Instant(statement["stated_at"])
    return AccountBody(
        account=name,
        kind=None if section is None else str(section.__struct_config__.tag),
        balances=[
            AssetBody(asset=asset, amount=plain(amount), usd_mark=number_or_none(state.mark(asset)))
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
