"""Screens of the terminal program, one module each."""
