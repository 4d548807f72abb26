"""The terminal program: draws the stream and the journal, asks, and decides nothing."""

import os

# Textual takes an arrow key that comes in two pieces for Esc and letters when the second is later than this, and reads
# the time, in milliseconds, when it is imported. Its own 100 is too short for a slow connection: letters are keys here.
os.environ.setdefault("ESCDELAY", "600")
