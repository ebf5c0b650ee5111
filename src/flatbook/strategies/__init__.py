"""Strategies: pure functions from a view to a decision."""
