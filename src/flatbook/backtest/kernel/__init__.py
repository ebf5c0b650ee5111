"""The compiled simulator: a scan of a tape that stops only where somebody is woken."""
