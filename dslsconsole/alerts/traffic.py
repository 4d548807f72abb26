"""Which servers of a backend get new clients: HAProxy's own rule, from what one load balancer says."""

from dslsconsole.model.balancer import Backend, BackendServer, ServerState

_TAKES_CLIENTS = frozenset({ServerState.UP, ServerState.NO_CHECK})
_HIDES = frozenset({ServerState.UNKNOWN})


def takes_clients(server: BackendServer) -> bool | None:
    """Whether the server may be given new clients; None where its state is a word nobody knows.

    A weight of 0 is shown as plain UP and takes none (HAProxy management guide, "set weight").
    """
    if server.state in _HIDES:
        return None
    return server.state in _TAKES_CLIENTS and server.weight != 0


def receivers(backend: Backend) -> tuple[BackendServer, ...]:
    """The servers that new clients are sent to.

    Backup servers get them only when no other server can, and then the first of them alone (`option allbackups`
    is not assumed).
    """
    able = [server for server in backend.servers if takes_clients(server)]
    active = tuple(server for server in able if not server.backup)
    return active or tuple(able[:1])


def in_maintenance(server: BackendServer) -> bool:
    """Whether somebody put the server into maintenance at run time or in the configuration.

    Maintenance inherited from another server (`via be/srv`) or for want of an address (`resolution`) is not meant.
    """
    return server.state is ServerState.MAINT and not server.detail
