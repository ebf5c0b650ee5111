"""Nodes of a simulated EVM chain that speak JSON-RPC, in memory and over TCP."""
