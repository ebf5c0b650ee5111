"""Exchanges that are reached through ccxt, which runs in a process and a virtual environment of its own."""
