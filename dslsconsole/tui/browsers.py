"""The wallboard in browsers: a view of its own for each, over textual-serve, for the pages of this server alone.

A browser lends its access to whatever page it shows: one of a stranger could open a connection to this server, on
loopback too, and read along (cross-site WebSocket hijacking), or have a name of its own point here (DNS rebinding). So
a request must name this server, and come from a page of its own.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Browsers(Server):
    """Serves the program `command`, started anew for every browser.

    Args:
        names: further names that browsers may know this server by, e.g. that of a proxy before it.
    """

    def __init__(self, command: str, host: str, port: int, title: str, names: tuple[str, ...] = ()) -> None:
        named = f"[{host}]" if ":" in host else host
        super().__init__(command, host=host, port=port, title=title, public_url=f"http://{named}:{port}")
        own = (host, "localhost", socket.gethostname(), socket.getfqdn(), *names)
        self._names = frozenset(name.casefold().rstrip(".") for name in own)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()

        @web.middleware
        async def own_pages_alone(request: web.Request, handler: Handler) -> web.StreamResponse:
            if (why := self.refusal(request.host, request.headers.get("Origin"))) is not None:
                return web.Response(status=403, text=f"{why}\n")
            return await handler(request)

        app.middlewares.append(own_pages_alone)
        return app

    def refusal(self, host: str, origin: str | None) -> str | None:
        """Why a request with these headers is not answered; None where it is."""
        name = _name_in(host)
        if name not in self._names and not _is_address(name):
            return f"This wallboard is not known as {name[:100]!r}; --serve-as adds a name."
        if origin is not None and origin.casefold().partition("://")[2] != host.casefold():
            return "This wallboard is shown in pages of its own only."
        return None

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page, which asks for the rest at the address that it was asked for itself: 0.0.0.0 is none for others."""
        scheme = "https" if request.headers.get("X-Forwarded-Proto") == "https" else request.scheme
        self.public_url = f"{scheme}://{request.host}"
        page: web.StreamResponse = await super().handle_index(request)  # it reads the address before it waits
        return page


def _name_in(host: str) -> str:
    """The name or address in a `Host` header (RFC 9110, 7.2); nothing where it holds anything else besides a port."""
    try:
        found = urlsplit(f"//{host}")
        return "" if found.netloc != host or "@" in host else (found.hostname or "").casefold().rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Whether it is an IP address, to which no name of a stranger can be made to point."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
