"""EVM chains: a thin JSON-RPC client and a source of logs that believes no node alone."""
