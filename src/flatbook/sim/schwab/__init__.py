"""Charles Schwab as a server that speaks its Trader API: tokens, and a ledger of its own behind the paths."""
