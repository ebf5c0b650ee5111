"""Alpaca as a server that speaks its protocol: a broker's ledger of its own behind the paths of both APIs."""
