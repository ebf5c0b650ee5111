"""Results by hour, weekday, session and week: each adds up to the same whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from litestar.testing import TestClient


@pytest.mark.parametrize("by", ["hour", "weekday", "session", "week"])
def test_groups_add_up_to_the_gross_result_of_the_same_scope(api: TestClient[Any], by: str) -> None:
    total = api.get("/api/v1/pnl").json()["total"]
    told = api.get(f"/api/v1/pnl/groups?by={by}").json()
    assert told["by"] == by
    assert sum(Decimal(each["gross_usd"]) for each in told["groups"]) == Decimal(total["gross_usd"])
    assert sum(each["closed"] for each in told["groups"]) == total["slices"]


def test_days_of_the_week_stand_in_its_order(api: TestClient[Any]) -> None:
    told = api.get("/api/v1/pnl/groups?by=weekday").json()["groups"]
    assert [each["name"] for each in told] == ["Tuesday", "Wednesday", "Thursday"]
