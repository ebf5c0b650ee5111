"""Worlds repeat with their seed, and judges find nothing in them."""

from __future__ import annotations
