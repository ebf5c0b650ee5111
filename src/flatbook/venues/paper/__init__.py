"""The paper broker as a venue: its wire, what its bytes mean, and the adapter."""
