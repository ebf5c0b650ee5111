"""The command line: one file per family of verbs, and nothing heavy before a verb needs it."""
