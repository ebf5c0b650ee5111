"""flatbook keeps a trader's book flat: every fill is hedged exactly once, and every cent is accounted for."""

__version__ = "0.1.0"
