"""Runs of simulated worlds: scenarios, planted bugs, what came of them, and how a failing one is made smaller."""
