"""Dialogs: each asks one thing, and Cancel is the default."""
