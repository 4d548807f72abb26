"""Packet filters on the nodes: one tagged rule for a drill, and its removal, which is set before it."""
