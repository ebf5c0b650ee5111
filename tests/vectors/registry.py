"""Which runner takes which kind of case. A kind that is not here is skipped and counted."""

from __future__ import annotations

from tests.vectors import (
    alpaca_calendar,
    alpaca_orders,
    alpaca_quotes,
    backtest_metrics,
    client_ids,
    error_codes,
    executor,
    fills,
    floats,
    grid_plan,
    hedge,
    money_rules,
    pnl,
    pyth,
    reconciliation,
    risk,
    schwab,
    signatures,
    symbols,
)
from tests.vectors.outcome import Runner

RUNNERS: dict[str, Runner] = {
    "alpaca_calendar": alpaca_calendar.run,
    "alpaca_market_data": alpaca_quotes.run,
    "alpaca_orders": alpaca_orders.run,
    "auth_signatures": signatures.run_headers,
    "backtest_metrics": backtest_metrics.run,
    "client_ids": client_ids.run,
    "error_classes": error_codes.run,
    "executor": executor.run,
    "float": floats.run,
    "grid_plan": grid_plan.run,
    "live_tests": pnl.run_live,
    "misc": money_rules.run,
    "pnl_buckets": pnl.run_buckets,
    "pnl_fifo": pnl.run_fifo,
    "position_scenarios": hedge.run_scenario,
    "pyth": pyth.run,
    "pyth_updates": pyth.run_update,
    "raindex_logs": fills.run_logs,
    "reconciliation": reconciliation.run,
    "risk": risk.run,
    "schwab": schwab.run,
    "signatures": signatures.run,
    "symbols": symbols.run,
    "trade_details": fills.run_details,
}
