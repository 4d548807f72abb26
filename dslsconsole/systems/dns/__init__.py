"""The zone's server: how to read it and how to act on it."""
