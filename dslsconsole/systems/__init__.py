"""One module for each real system: how it is read and how it is acted on, side by side."""
