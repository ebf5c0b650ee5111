"""The protocol of Binance before the simulated exchange."""
