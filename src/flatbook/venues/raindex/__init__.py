"""Raindex: logs of its order books and shared inventories, read into fills."""
