"""A node read whole, by the probe that stays open on it."""
