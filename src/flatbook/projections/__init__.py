"""Read models: each a fold of the journal with its own position, rebuilt from the journal at any time."""
