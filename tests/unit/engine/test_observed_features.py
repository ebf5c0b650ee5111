"""A live desk keeps the features of its strategies by the code that keeps them in a backtest."""

from __future__ import annotations

from flatbook.strategies.quoting import Feature, FeatureKind
from flatbook.values.instants import later
from tests.unit.engine.quote_scene import OWNER, SPOT, START, Scene, decision

SECOND = 10**9
FEATURES = tuple(
    Feature(name=kind.value, kind=kind, instrument=SPOT.id, span_ns=SECOND, count=2) for kind in FeatureKind
)


def test_trades_make_bars_and_touches_an_average() -> None:
    scene = Scene(lambda _view, _params: decision(), features=FEATURES)
    scene.begin(bid=999, ask=1001)
    assert [scene.seen.feature(OWNER, kind.value) for kind in FeatureKind] == [None, None, 1000.0, None, None]
    for second, ticks in enumerate((1000, 1004, 998, 1010)):
        scene.seen.saw_trade(SPOT.id, ticks, 5, later(START, seconds=second))
    assert scene.seen.feature(OWNER, FeatureKind.BAR_CLOSE.value) == 998.0
    assert scene.seen.feature(OWNER, FeatureKind.ATR.value) == 5.0
    assert scene.seen.feature(OWNER, FeatureKind.HIGH.value) == 1004.0
    assert scene.seen.feature(OWNER, FeatureKind.LOW.value) == 998.0
