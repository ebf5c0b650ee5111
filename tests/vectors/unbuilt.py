"""Why the cases of a kind are not run: what the product has nothing for."""

from __future__ import annotations

SOLANA = "nothing of ours trades on Solana"
FUNDING = "no strategy of ours earns funding"
MOVES = "nothing of ours moves holdings between venues"
UNBUILT = {
    "alpaca_conversion": MOVES,
    "alpaca_tokenization": MOVES,
    "alpaca_wallet": MOVES,
    "arbitrage": "no strategy of ours trades two legs",
    "backoff_ratelimit_alerts": "requests wait and alerts are sent as their venues and channels ask for it",
    "cctp": MOVES,
    "constant_product": SOLANA,
    "entry_exit_signals": FUNDING,
    "faults": "each has a test with a name: docs/faults.md",
    "funding_payments": "funding is booked as its venue states it, and foreseen by nobody",
    "hedge_drift": FUNDING,
    "imbalance": MOVES,
    "liquidation_margin_pnl": "margin is kept for a whole account, and not for each position",
    "margin": "nothing of ours foresees the margin of a whole account",
    "paper_fills": "the simulated exchange has cards of its own: tests/conformance",
    "risk_limits": FUNDING,
    "signal_pnl_sizing_risk": "no strategy of ours trades a chain against an exchange",
    "sizing_capital": FUNDING,
    "slippage_depth": "no strategy of ours asks a book for its depth before it trades",
    "solana_fees_tx": SOLANA,
    "staleness_health_recon": FUNDING,
    "state_machines": FUNDING,
    "trend_regime": FUNDING,
    "universe": "nothing of ours chooses what to trade",
}


def why_unrun(kind: object) -> str:
    """Returns why no runner takes a kind."""
    if not isinstance(kind, str):
        return "the file names no kind"
    known = SOLANA if kind.startswith("whirlpool") else UNBUILT.get(kind)
    return f"no runner for the kind {kind!r}" + (f": {known}" if known else "")
