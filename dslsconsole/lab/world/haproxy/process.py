"""HAProxy's servers: administrative state, health checks, and which of them takes the next session."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

INTER = 2.0
"""Lab seconds between checks."""
RISE = 2
FALL = 3
BACKEND_ID = 2


class Admin(StrEnum):
    """What a person set."""

    READY = "ready"
    DRAIN = "drain"
    MAINT = "maint"


class Probe(StrEnum):
    """How one health check ended, in HAProxy's words."""

    PASSED = "L7OK"
    REFUSED = "L4CON"
    NO_CONNECTION = "L4TOUT"
    NO_ANSWER = "L7TOUT"
    WRONG_ANSWER = "L7RSP"

    @property
    def waits(self) -> bool:
        """Whether the check learns of it only when its time is over."""
        return self in (Probe.NO_CONNECTION, Probe.NO_ANSWER)


DESCRIPTIONS = {
    Probe.PASSED: ("(tcp-check)", "Layer7 check passed"),
    Probe.REFUSED: ("Connection refused", "Layer4 connection problem"),
    Probe.NO_CONNECTION: ("", "Layer4 timeout"),
    Probe.NO_ANSWER: ("", "Layer7 timeout"),
    Probe.WRONG_ANSWER: (
        "TCPCHK did not match content 'Server Status: Running' at step 2",
        "Layer7 invalid response",
    ),
}


@dataclass
class Server:
    """One `server` line and its state; times in lab seconds."""

    name: str
    node: str
    number: int
    port: int
    initial_weight: int
    is_backup: bool
    check: Callable[[], Probe]
    next_check: float
    changed_at: float
    weight: int = 0
    admin: Admin = Admin.READY
    drains: bool = False
    """Under maintenance a drain is remembered, and legacy `enable` comes back to it."""
    health: int = RISE + FALL - 1
    probe: Probe | None = Probe.PASSED
    pending: Probe | None = None
    fails: int = 0
    downs: int = 0
    down_since: float | None = None
    downtime: float = 0.0
    sessions: int = 0
    most_sessions: int = 0
    total_sessions: int = 0
    inter: float = INTER

    def __post_init__(self) -> None:
        self.weight = self.initial_weight

    @property
    def is_up(self) -> bool:
        return self.admin is not Admin.MAINT and self.health >= RISE

    @property
    def takes_sessions(self) -> bool:
        return self.is_up and self.admin is Admin.READY and self.weight > 0

    @property
    def status(self) -> str:
        """The column `status`."""
        if self.admin is Admin.MAINT:
            return "MAINT"
        if self.health < RISE:
            return "DOWN" if self.health == 0 else f"DOWN {self.health}/{RISE}"
        word = "DRAIN" if self.admin is Admin.DRAIN else "UP"
        lives = self.health - RISE + 1
        return word if lives == FALL else f"{word} {lives}/{FALL}"

    @property
    def check_status(self) -> str:
        """The column `check_status`; `* ` before it while a check runs."""
        if self.admin is Admin.MAINT or self.probe is None:
            return ""
        return f"* {self.probe}" if self.pending is not None else str(self.probe)

    def set_admin(self, wanted: Admin, now: float) -> bool:
        """Change the administrative state; whether anything changed. `ready` after maintenance is UP, unchecked."""
        if wanted is self.admin:
            return False
        was_up = self.is_up
        if self.admin is Admin.MAINT:
            self.health, self.pending, self.next_check = RISE, None, now + self.inter / 2
            self.probe = Probe.PASSED if self.probe is None else self.probe
        if wanted is Admin.MAINT:
            self.downs += was_up
            self.pending = None
        self.drains = wanted is Admin.DRAIN
        self.admin = wanted
        self._note(was_up, now, always=True)
        return True

    def _note(self, was_up: bool, now: float, *, always: bool = False) -> None:
        if was_up == self.is_up and not always:
            return
        self.changed_at = now
        if self.is_up and self.down_since is not None:
            self.downtime, self.down_since = self.downtime + now - self.down_since, None
        elif not self.is_up and self.down_since is None:
            self.down_since = now

    def advance(self, now: float) -> None:
        """Do what is due: begin a check, or end one that ran."""
        if self.admin is Admin.MAINT or now < self.next_check:
            return
        if self.pending is not None:
            outcome, self.pending = self.pending, None
            self._end(outcome, now)
            return
        outcome = self.check()
        if outcome.waits:
            self.pending, self.next_check = outcome, now + self.inter
            return
        self._end(outcome, now)

    def _end(self, outcome: Probe, now: float) -> None:
        was_up = self.is_up
        self.probe, self.next_check = outcome, now + self.inter
        if outcome is Probe.PASSED:
            self.health = min(RISE + FALL - 1, self.health + 1)
            if not was_up and self.is_up:
                self.health = RISE + FALL - 1
        elif was_up:
            self.fails += 1
            self.health -= 1
            if self.health < RISE:
                self.health = 0
                self.downs += 1
        else:
            self.health = 0
        self._note(was_up, now)


@dataclass
class Process:
    """One HAProxy process with its backend."""

    host: str
    backend: str
    vip: str
    elapsed: Callable[[], float]
    new_servers: Callable[[], list[Server]]
    pids: Callable[[], int]
    is_running: bool = True
    pid: int = 0
    started: float = 0.0
    servers: dict[str, Server] = field(default_factory=dict)
    requests: int = 0
    inter: float = INTER
    """As its configuration has it."""
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.load()

    def load(self) -> None:
        """Start, or reload: a new process that knows only its configuration."""
        self.servers = {server.name: server for server in self.new_servers()}
        for server in self.servers.values():
            server.inter = self.inter
        self.pid, self.started, self.is_running = self.pids(), self.elapsed(), True

    def die(self) -> None:
        self.is_running = False

    def advance(self) -> None:
        """Run the checks that are due."""
        if self.is_running:
            now = self.elapsed()
            for server in self.servers.values():
                server.advance(now)

    def choose(self) -> Server | None:
        """The server that takes the next session: by turns, backups only where nobody else can."""
        able = [server for server in self.servers.values() if server.takes_sessions]
        first = [server for server in able if not server.is_backup] or able[:1]
        return first[next(self._turn) % len(first)] if first else None

    def count_sessions(self, counts: dict[str, int]) -> None:
        """Set the sessions of each server by its name."""
        for server in self.servers.values():
            now = counts.get(server.name, 0)
            server.total_sessions += max(0, now - server.sessions)
            server.sessions = now
            server.most_sessions = max(server.most_sessions, now)
