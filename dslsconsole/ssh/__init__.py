"""Connections to hosts: access, pool, commands, sockets and files, and what keeps a hostile far side harmless."""
