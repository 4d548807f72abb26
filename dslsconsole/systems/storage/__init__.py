"""The storage under the licence servers: how to read it."""
