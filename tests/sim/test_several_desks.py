"""Several owners, order books and accounts in one configuration, from recorded logs to the brokers' own ledgers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.engine.inputs import Verb
from flatbook.events.chain import VaultFilled
from flatbook.events.control import BooksDiverged, HedgeHeld, HoldReason
from flatbook.events.orders import OrderFilled
from flatbook.ops.config import Loaded
from flatbook.values.ids import halt_id_of
from flatbook.values.instants import Instant
from tests.sim.composed import (
    Fill,
    Played,
    account,
    address_of,
    command,
    minute,
    nets,
    owner,
    play,
    shares_at,
    write_home,
)
from tests.unit.cli.scene import call

END = minute(40)
# North and south share one broker account, east has one of its own.
SECTIONS = (
    account("shared"),
    account("own"),
    owner("north", at="shared"),
    owner("south", at="shared"),
    owner("east", at="own"),
)
FILLS = (
    Fill(minute(2), "north", "sell", "3"),
    Fill(minute(4), "south", "buy", "2.5", book=1, price="249"),
    Fill(minute(6), "east", "sell", "4", book=1),
    Fill(minute(8), "south", "sell", "0.75"),
    Fill(minute(10), "north", "sell", "2", book=1, other="east"),
    Fill(minute(12), "east", "sell", "0.5"),
)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Loaded, Played]:
    """Gives a day of three owners, played once."""
    loaded = write_home(tmp_path_factory.mktemp("day"), SECTIONS, FILLS)
    return loaded, play(loaded)


def executed(played: Played, since: Instant = minute(0)) -> list[tuple[str, str, str, Decimal]]:
    return [
        (event.owner, event.account, event.side.value, event.qty)
        for event in played.events
        if isinstance(event, OrderFilled) and event.happened_at >= since
    ]


def test_each_fill_belongs_to_the_owner_of_its_order_at_whichever_order_book(day: tuple[Loaded, Played]) -> None:
    _, played = day
    fills = [
        (event.owner, event.account, event.side.value, event.shares)
        for event in played.events
        if isinstance(event, VaultFilled)
    ]
    assert fills == [
        ("north", "vault-north", "sell", Decimal(3)),
        ("south", "vault-south", "buy", Decimal("2.5")),
        ("east", "vault-east", "sell", Decimal(4)),
        ("south", "vault-south", "sell", Decimal("0.75")),
        ("north", "vault-north", "sell", Decimal(2)),
        ("east", "vault-east", "buy", Decimal(2)),
        ("east", "vault-east", "sell", Decimal("0.5")),
    ]


def test_each_owner_is_hedged_for_its_own_net_at_its_own_account(day: tuple[Loaded, Played]) -> None:
    loaded, played = day
    assert executed(played) == [
        ("north", "shared", "buy", Decimal(3)),
        ("south", "shared", "sell", Decimal("2.5")),
        ("east", "own", "buy", Decimal(4)),
        ("north", "shared", "buy", Decimal(2)),
        ("east", "own", "sell", Decimal(2)),
    ]
    assert nets(loaded) == {"north": Decimal(0), "south": Decimal("-0.75"), "east": Decimal("-0.5")}


def test_a_shared_account_holds_the_sum_of_its_owners_and_every_statement_agrees(day: tuple[Loaded, Played]) -> None:
    loaded, played = day
    assert shares_at(loaded, "shared", END) == Decimal("102.5")
    assert shares_at(loaded, "own", END) == Decimal(102)
    assert not [event for event in played.events if isinstance(event, BooksDiverged)]


def test_results_are_told_by_owner_and_the_ledger_balances(day: tuple[Loaded, Played]) -> None:
    loaded, _ = day
    body = call("pnl", "--json", "--home", str(loaded.home)).body()
    assert {line["owner"]: Decimal(line["net_usd"]) for line in body["lines"]} == {
        "east": Decimal(2),
        "north": Decimal(5),
        "south": Decimal("2.5"),
    }
    assert body["ledger"]["balances"]
    assert body["ledger"]["agrees_with_pnl"]
    of_north = call("trades", "--owner", "north", "--json", "--home", str(loaded.home)).body()["trades"]
    assert [trade["place"] for trade in of_north] == ["onchain", "offchain", "onchain", "offchain"]


def test_over_all_owners_the_residue_is_valued_and_what_is_unhedged_on_purpose_is_left_out(tmp_path: Path) -> None:
    fills = (Fill(minute(2), "north", "sell", "0.75"), Fill(minute(4), "west", "sell", "2"))
    vault = f'vaults.base = {{ account = "vault-west", addresses = ["{address_of("west")}"] }}'
    west = f'\n[owners.west]\nunhedged = ["COIN"]\n{vault}\n'
    loaded = write_home(tmp_path, (account("shared"), owner("north", at="shared"), west), fills)
    play(loaded)
    assert nets(loaded) == {"north": Decimal("-0.75"), "west": Decimal(-2)}
    seen = call("positions", "--json", "--home", str(tmp_path)).body()["portfolio"]
    assert [(line["net"], line["intended"], line["residue"]) for line in seen["lines"]] == [("-2.75", "-2", "-0.75")]
    assert Decimal(seen["gross_usd"]) == Decimal("188.25")
    assert call("status", "--exit-code", "--home", str(tmp_path)).code == 0


def test_a_halt_of_one_owner_leaves_the_other_on_the_same_account_alone(tmp_path: Path) -> None:
    loaded = write_home(tmp_path, SECTIONS, FILLS)
    played = play(loaded, [(minute(1), command(Verb.HALT, scope="owner", target="north"))])
    assert executed(played) == [
        ("south", "shared", "sell", Decimal("2.5")),
        ("east", "own", "buy", Decimal(4)),
        ("east", "own", "sell", Decimal(2)),
    ]
    assert nets(loaded)["north"] == Decimal(-5)
    held = [(event.owner, event.reason) for event in played.events if isinstance(event, HedgeHeld)]
    assert held == [("north", HoldReason.HALTED)]


def test_a_halt_of_one_account_leaves_the_other_alone_until_it_is_lifted(tmp_path: Path) -> None:
    loaded = write_home(tmp_path, SECTIONS, FILLS)
    halt_id = str(halt_id_of("venue", "shared", "operator"))
    halted = command(Verb.HALT, scope="venue", target="shared")
    lifted = command(Verb.LIFT, halt_id=halt_id)
    played = play(loaded, [(minute(1), halted), (minute(20), lifted)])
    assert executed(played)[:2] == [("east", "own", "buy", Decimal(4)), ("east", "own", "sell", Decimal(2))]
    assert sorted(executed(played, minute(20))) == [
        ("north", "shared", "buy", Decimal(5)),
        ("south", "shared", "sell", Decimal("1.75")),
    ]
