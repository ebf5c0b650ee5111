"""Gemini: what its feeds say, in our words."""
