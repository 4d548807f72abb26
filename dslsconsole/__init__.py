"""A terminal console for the people on call for DSLS licence clusters."""

__version__ = "0.1.0"
