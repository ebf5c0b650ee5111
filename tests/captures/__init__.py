"""Recorded sessions of exchanges: our books beside those of a client that nobody here wrote, message by message."""
