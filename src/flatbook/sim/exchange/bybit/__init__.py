"""The protocol of Bybit before the simulated exchange."""
