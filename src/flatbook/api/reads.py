"""All routes that only read."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from flatbook.api import (
    reads_books,
    reads_bundle,
    reads_candles,
    reads_desk,
    reads_events,
    reads_groups,
    reads_health,
    reads_keys,
    reads_log,
    reads_metrics,
    reads_orders,
    reads_performance,
    reads_reports,
    reads_strategies,
    reads_tearsheet,
)
from flatbook.api.stream import stream

READS: tuple[ControllerRouterHandler, ...] = (
    *reads_health.ROUTES,
    *reads_keys.ROUTES,
    *reads_desk.ROUTES,
    *reads_orders.ROUTES,
    *reads_books.ROUTES,
    *reads_candles.ROUTES,
    *reads_events.ROUTES,
    *reads_bundle.ROUTES,
    *reads_log.ROUTES,
    *reads_metrics.ROUTES,
    *reads_reports.ROUTES,
    *reads_tearsheet.ROUTES,
    *reads_groups.ROUTES,
    *reads_performance.ROUTES,
    *reads_strategies.ROUTES,
    stream,
)
