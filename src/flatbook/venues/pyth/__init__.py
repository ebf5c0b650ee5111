"""Pyth: what the oracle said of a price, read from traces, from its contract at a block, and from its updates."""
