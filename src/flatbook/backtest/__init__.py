"""Recorded markets, and what the same strategies would have done in them."""
