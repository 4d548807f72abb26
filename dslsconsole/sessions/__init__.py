"""Streams of frames: following one, and reports made from what it says."""
