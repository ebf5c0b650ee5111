"""Which runner takes which kind of case. A kind that is not here is skipped and counted."""

from __future__ import annotations

from tests.vectors import fills, floats, hedge, money_rules, symbols
from tests.vectors.outcome import Runner

RUNNERS: dict[str, Runner] = {
    "float": floats.run,
    "misc": money_rules.run,
    "position_scenarios": hedge.run_scenario,
    "raindex_logs": fills.run_logs,
    "symbols": symbols.run,
    "trade_details": fills.run_details,
}
