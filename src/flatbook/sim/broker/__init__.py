"""The simulated stock broker: bytes in, bytes out, a ledger of its own."""
