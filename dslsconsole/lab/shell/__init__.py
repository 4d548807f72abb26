"""A POSIX shell in miniature: what a practice host runs for whoever logs in. It starts no real process."""
