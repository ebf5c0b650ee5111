"""How often something went wrong of late."""

from __future__ import annotations

from flatbook.events.control import AlertName, AlertRaised, Severity
from flatbook.projections.fold import fold
from flatbook.projections.raised import RAISED_MAX, RaisedAlerts
from tests.unit.projections.scene import at, rows_of


def raised(seconds: int, severity: Severity) -> AlertRaised:
    return AlertRaised(
        name=next(iter(AlertName)), severity=severity, subject="x", detail="", because=None, raised_at=at(seconds)
    )


def test_alerts_of_one_severity_are_counted_from_an_instant_on() -> None:
    alerts = fold(
        RaisedAlerts(),
        rows_of([raised(0, Severity.CRITICAL), raised(10, Severity.WARNING), raised(20, Severity.CRITICAL)]),
    )
    assert alerts.since(at(0), Severity.CRITICAL) == 2
    assert alerts.since(at(1), Severity.CRITICAL) == 1
    assert alerts.since(at(1), Severity.WARNING) == 1


def test_of_very_many_alerts_the_newest_count() -> None:
    alerts = fold(RaisedAlerts(), rows_of([raised(n, Severity.WARNING) for n in range(RAISED_MAX + 5)]))
    assert alerts.since(at(0), Severity.WARNING) == RAISED_MAX
