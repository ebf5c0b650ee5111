"""Golden cases: data that the product must agree with, and the runner that compares."""
