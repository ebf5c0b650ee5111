"""Matching of orders against a recorded or simulated order book."""
