"""Recorded and scripted markets and chains, and the clock that plays them."""
