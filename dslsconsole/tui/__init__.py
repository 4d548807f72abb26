"""The terminal program. It draws the stream and the journal, asks, and decides nothing."""
