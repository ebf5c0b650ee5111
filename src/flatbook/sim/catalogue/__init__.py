"""The fault catalogue: one file per part, one row per fault."""
