"""Folds of events into what deciders and risk read: orders, positions, exposure, halts and notes."""
