"""The load balancers: how to read it and how to act on it."""
