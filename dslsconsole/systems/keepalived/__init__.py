"""keepalived: which host holds the address."""
