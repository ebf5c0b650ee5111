"""The door of programs and of the console: it reads the journal, asks the running engine, and appends nothing."""
