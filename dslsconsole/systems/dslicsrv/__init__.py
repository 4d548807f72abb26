"""The licence server: how to read it and how to act on it."""
