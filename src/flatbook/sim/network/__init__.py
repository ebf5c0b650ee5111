"""The simulated network: links with faults, connections of bytes in memory."""
