"""Connections to hosts: pool, commands, the probe's open shell, sockets, files, cleaning of output."""
