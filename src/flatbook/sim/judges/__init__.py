"""Judges of a simulated world: predicates over its record that share no code with the product's folds."""
