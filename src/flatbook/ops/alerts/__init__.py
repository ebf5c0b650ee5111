"""Alerts to people: rules over the journal, what was told of them, and the channels that carry it."""
