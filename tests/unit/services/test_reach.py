"""Whether the limits of a desk let it hedge at all is known before it runs, where its prices are recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.ops.config import load
from flatbook.services.reach import out_of_reach
from tests.sim.composed import account, owner, write_home
from tests.unit.cli.scene import call


def said(home: Path, *changes: tuple[str, str]) -> list[str]:
    """Returns what is found wrong with a desk whose share costs 250 USD, with a collar of one percent."""
    sections = "".join((account("paper"), owner("desk", at="paper")))
    for old, new in changes:
        assert old in sections or old.startswith("order_")
        sections = sections.replace(old, new)
    loaded = write_home(home, [sections], [], minutes=5)
    path = home / "flatbook.toml"
    for old, new in changes:
        path.write_text(path.read_text().replace(old, new))
    return [f"{each.key}: {each.text}" for each in out_of_reach(load(loaded.home, environment={}))]


LEAST = "can never be hedged: even at the lowest recorded price the smallest order of COIN@paper is"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ([], []),
        (
            [('lot = "0.01"', 'lot = "1"'), ('order_notional_usd_max = "100000"', 'order_notional_usd_max = "252.5"')],
            [],
        ),
        (
            [('lot = "0.01"', 'lot = "1"'), ('order_notional_usd_max = "100000"', 'order_notional_usd_max = "252.4"')],
            [f"hedges.desk.COIN.instrument: {LEAST} 252.5 USD, above risk.order_notional_usd_max, 252.4"],
        ),
        (
            [
                ('notional_min = "1"', 'notional_min = "300"'),
                ('order_notional_usd_max = "100000"', 'order_notional_usd_max = "300"'),
            ],
            [f"hedges.desk.COIN.instrument: {LEAST} 303 USD, above risk.order_notional_usd_max, 300"],
        ),
        (
            [('notional_min = "1"', 'notional_min = "500000"')],
            [
                f"hedges.desk.COIN.instrument: {LEAST} 2000 shares, above risk.order_shares_max, 100",
                f"hedges.desk.COIN.instrument: {LEAST} 505000 USD, above risk.order_notional_usd_max, 100000",
            ],
        ),
    ],
)
def test_a_smallest_order_above_the_limits_at_every_price_is_said(
    tmp_path: Path, changes: list[tuple[str, str]], found: list[str]
) -> None:
    assert said(tmp_path, *changes) == found


def test_config_check_says_it_and_exits_with_4(tmp_path: Path) -> None:
    said(tmp_path, ('notional_min = "1"', 'notional_min = "500000"'))
    told = call("config", "check", "--home", str(tmp_path))
    assert told.code == 4
    assert "2 problems" in told.out
    assert "hedges.desk.COIN.instrument: can never be hedged" in told.out


def test_a_recording_that_is_not_there_says_nothing_and_one_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    said(tmp_path)
    bars = tmp_path / "bars.csv"
    bars.write_text("nothing of the sort")
    told = call("config", "check", "--home", str(tmp_path))
    assert (told.code, "hedges.desk.COIN.price_source: bars.csv" in told.out) == (4, True)
    bars.unlink()
    assert call("config", "check", "--home", str(tmp_path)).code == 0
