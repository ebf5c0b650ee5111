"""The simulated outside: a clock that follows a tape, a paper broker with a ledger of its own, and the demo tape."""
