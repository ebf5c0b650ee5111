"""Alpaca: orders, executions and statements over its Broker API and its Trading API."""
