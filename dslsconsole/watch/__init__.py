"""The reading process: when to ask what, readings into frames, judgement, history."""
