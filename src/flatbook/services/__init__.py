"""Composition roots: the only place where the parts of a desk meet."""
