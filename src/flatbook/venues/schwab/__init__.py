"""Charles Schwab: its Trader API as a venue of the engine."""
