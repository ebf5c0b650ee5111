"""Simulated exchanges: one ledger and one matching for all, and a front for each protocol that is spoken."""
