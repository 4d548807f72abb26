"""The runtime socket: commands and their exact answers, by the level of the socket."""

from __future__ import annotations

from collections.abc import Callable

from dslsconsole.lab.hitches import REFUSAL, Hitch, Snags
from dslsconsole.lab.streams import Input, Output
from dslsconsole.lab.world.haproxy.process import Admin, Process, Server
from dslsconsole.lab.world.haproxy.statistics import show_info, show_servers_state, show_stat

DENIED = "Permission denied\n"
UNKNOWN = """Unknown command, but maybe one of the following ones is a better match:
  show fd [num]                           : dump list of file descriptors in use or a specific one
  show info [desc|json|typed|float]*      : report information about the running process
  show stat [desc|json|no-maint|typed|up]*: report counters for each proxy and server
  show servers state [<backend>]          : dump volatile server information
  user                                    : lower the level of the current CLI session to user
  help [<command>]                        : list matching or all commands
  prompt                                  : toggle interactive mode with prompt
  quit                                    : disconnect
"""
STATES = {"ready": Admin.READY, "drain": Admin.DRAIN, "maint": Admin.MAINT}
_MOST_BYTES = 16384


class Runtime:
    """Answers the lines that arrive at one socket."""

    def __init__(
        self, process: Process, level: str, shutdown: Callable[[str], None], *, has_page: bool = False
    ) -> None:
        """Args: shutdown: ends the sessions of a server by its name."""
        self.process = process
        self.level = level
        self.shutdown = shutdown
        self.has_page = has_page
        self.snags = Snags()

    async def serve(self, reader: Input, writer: Output) -> None:
        """One connection: one line of commands, its answers, the end, as without `prompt`.

        Raises:
            ConnectionAbortedError: the connection it came over is to break.
        """
        line = (await reader.readline())[:_MOST_BYTES].decode("utf-8", "replace").strip()
        for command in filter(None, (part.strip() for part in line.split(";"))):
            hitch = self.snags.hitch(command)
            answer = "" if hitch is Hitch.LOST_BEFORE else self.answer(command)
            if hitch in (Hitch.LOST_BEFORE, Hitch.LOST_AFTER):
                raise ConnectionAbortedError
            await writer.write((answer + "\n").encode())
        writer.close()

    def answer(self, command: str) -> str:
        """The answer to one command, without the empty line that ends it."""
        if self.snags.refuse(command):
            return f"{REFUSAL}\n"
        match command.split():
            case ["show", "stat", *_]:
                return show_stat(self.process, has_page=self.has_page)
            case ["show", "info", *_]:
                return show_info(self.process)
            case ["show", "cli", "level"]:
                return f"{self.level}\n"
            case ["show", "servers", "state", *names]:
                known = not names or names[0] == self.process.backend
                return show_servers_state(self.process) if known else "Can't find backend.\n"
            case ["show", "backend"]:
                return f"# name\n{self.process.backend}\n"
            case ["get", "weight", name]:
                server = self._server(name)
                return server if isinstance(server, str) else f"{server.weight} (initial {server.initial_weight})\n"
            case ["set", "server", name, "state", *wanted]:
                return self._change(name, lambda server: self._set_state(server, wanted))
            case ["set", "server", name, "weight", weight] | ["set", "weight", name, weight]:
                return self._change(name, lambda server: self._set_weight(server, weight))
            case ["disable", "server", name]:
                return self._change(name, lambda server: self._set_state(server, ["maint"]))
            case ["enable", "server", name]:
                return self._change(name, self._enable)
            case ["shutdown", "sessions", "server", name]:
                return self._change(name, lambda server: self._shut_down(server))
            case _:
                return UNKNOWN

    def _server(self, name: str) -> Server | str:
        backend, slash, server = name.partition("/")
        if not slash:
            return "Require 'backend/server'.\n"
        if backend != self.process.backend:
            return "No such backend.\n"
        return self.process.servers.get(server, "No such server.\n")

    def _change(self, name: str, change: Callable[[Server], str]) -> str:
        if self.level != "admin":
            return DENIED
        server = self._server(name)
        return server if isinstance(server, str) else change(server)

    def _set_state(self, server: Server, wanted: list[str]) -> str:
        if len(wanted) != 1 or wanted[0] not in STATES:
            return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n"
        server.set_admin(STATES[wanted[0]], self.process.elapsed())
        return ""

    def _enable(self, server: Server) -> str:
        if server.admin is Admin.MAINT:
            server.set_admin(Admin.READY, self.process.elapsed())
        return ""

    def _set_weight(self, server: Server, weight: str) -> str:
        number = weight.removesuffix("%")
        if not number.isdigit():
            return "Invalid trailing character in weight.\n"
        value = round(server.initial_weight * int(number) / 100) if weight.endswith("%") else int(number)
        if value > 256:
            return "Absolute weight can only be between 0 and 256 inclusive.\n"
        server.weight = value
        return ""

    def _shut_down(self, server: Server) -> str:
        self.shutdown(server.name)
        return ""
