"""The action log: append-only JSON Lines, chained by SHA-256, synced before a step runs."""
