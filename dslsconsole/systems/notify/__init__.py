"""Telling the users: how to read it and how to act on it."""
