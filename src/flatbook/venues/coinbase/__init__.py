"""Coinbase Advanced Trade: what its feeds say, in our words."""
