"""The outside of a simulated world: venues, a chain, disks, processes, and the record of what really happened."""
