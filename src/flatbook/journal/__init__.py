"""The durable append-only record: one file per engine behind the port of the engine package."""
