"""Venues: words outside to words inside, one package per venue, and nothing else."""
