"""Copying files to the DR site: how to read it and how to act on it."""
