"""Risk: pure checks between a decision and the journal."""
