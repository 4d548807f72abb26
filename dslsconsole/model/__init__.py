"""What is known of an estate at a moment, and the frames that carry it. Frozen, typed, without I/O."""
