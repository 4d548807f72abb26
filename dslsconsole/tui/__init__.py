"""The terminal program: draws the stream and the journal, asks, and decides nothing."""
