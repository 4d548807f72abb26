"""Connections to hosts: access, pool, commands, sockets and files, and what keeps a hostile far side harmless."""

import ctypes.util


def _import_asyncssh() -> None:
    """Load asyncssh without its search for liboqs.

    That search runs gcc, ld and ldconfig where they are installed, at every start: half of the time that loading
    takes, and compilers started on a jump host are an audit finding. The key exchange that liboqs would add is not
    among those we offer (`access`).
    """
    find_library = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None if name in ("oqs", "liboqs") else find_library(name)
    try:
        import asyncssh  # noqa: F401
    finally:
        ctypes.util.find_library = find_library


_import_asyncssh()
