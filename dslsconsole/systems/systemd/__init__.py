"""The service manager of a node: how to read it and how to act on it."""
