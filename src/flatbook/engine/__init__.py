"""The loop: read, fold, decide, append, then act."""
