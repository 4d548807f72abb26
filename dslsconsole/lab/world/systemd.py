"""systemd units of a practice host and the program `systemctl`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dslsconsole.lab.host import Call, Host

_NAMES = """
    Id Names LoadState ActiveState SubState Result NRestarts ExecMainStatus MainPID ExecMainStartTimestamp
    ActiveEnterTimestamp StateChangeTimestamp UnitFileState FragmentPath Description
    NeedDaemonReload Restart RestartUSec StartLimitIntervalUSec StartLimitBurst RequiresMountsFor
"""
PROPERTIES = tuple(_NAMES.split())
_CHANGING = {"start", "stop", "restart", "kill", "enable", "disable", "mask", "unmask", "reset-failed"}
_FILE_STATES = {"enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "enabled"}
KILLED = 9
KEPT_LINES = 2000
_SAID = {
    "active": "Started {unit.name} - {unit.description}.",
    "deactivating": "Stopping {unit.name} - {unit.description}...",
    "inactive": "Stopped {unit.name} - {unit.description}.",
    "failed": "{unit.name}: Failed with result '{unit.result}'.",
}


def _nothing() -> None:
    return None


@dataclass
class Unit:
    """One unit; `on_start`, `on_stop` and `on_kill` are what its process does."""

    name: str
    description: str
    aliases: tuple[str, ...] = ()
    on_start: Callable[[], None] = _nothing
    on_stop: Callable[[], None] = _nothing
    on_kill: Callable[[], None] = _nothing
    stop_seconds: float = 0.2
    """How long a stop takes, in lab seconds."""
    ignores_stop: bool = False
    fails_to_start: bool = False
    start_queued: bool = False
    """Whether it is started as soon as a stop that goes on has ended."""
    active: str = "inactive"
    sub: str = "dead"
    result: str = "success"
    file_state: str = "enabled"
    restarts: int = 0
    exit_status: int = 0
    pid: int = 0
    started_at: float | None = None
    changed_at: float | None = None
    restart: str = "no"
    """Written in the unit file; here nothing is started again, as after too many times."""
    mounts: tuple[str, ...] = ()
    """What it waits for at boot (RequiresMountsFor=)."""

    @property
    def is_timer(self) -> bool:
        return self.name.endswith(".timer")

    @property
    def is_active(self) -> bool:
        return self.active == "active"

    @property
    def load(self) -> str:
        return "masked" if self.file_state == "masked" else "loaded"

    @property
    def fragment(self) -> str:
        return f"/etc/systemd/system/{self.name}"

    def source(self) -> str:
        """The unit file."""
        service = f"[Service]\nUser=dsls\nRestart={self.restart}"
        section = "[Timer]\nOnUnitActiveSec=300" if self.is_timer else service
        waits = f"RequiresMountsFor={' '.join(self.mounts)}\n" if self.mounts else ""
        return f"[Unit]\nDescription={self.description}\n{waits}\n{section}\n\n[Install]\nWantedBy=multi-user.target\n"


class Units:
    """The units of one host."""

    def __init__(self, host: Host, pause: Callable[[float], Awaitable[None]]) -> None:
        """Args: pause: waits a number of lab seconds."""
        self.host = host
        self.pause = pause
        self.units: dict[str, Unit] = {}
        self.log: deque[tuple[float, str, str]] = deque(maxlen=KEPT_LINES)
        """When, of which unit, and what; as systemd writes it into its journal."""

    def add(self, unit: Unit) -> Unit:
        """Install a unit and its file."""
        self.units[unit.name] = unit
        self.host.write(unit.fragment, unit.source())
        return unit

    def _become(self, unit: Unit, active: str, sub: str) -> None:
        unit.active, unit.sub, unit.changed_at = active, sub, self.host.clock()
        if (said := _SAID.get(active)) is not None:
            self.note(unit, said.format(unit=unit))

    def note(self, unit: Unit, text: str) -> None:
        """A line of the unit's log."""
        self.log.append((self.host.clock(), unit.name, text))

    def find(self, name: str) -> Unit | None:
        full = name if "." in name else f"{name}.service"
        for unit in self.units.values():
            if full == unit.name or full.removesuffix(".service") in unit.aliases:
                return unit
        return None

    # What happens to a unit

    def start(self, unit: Unit) -> bool:
        """Start a unit; whether it did. One that runs is left alone."""
        if unit.active in ("active", "deactivating"):
            return unit.active == "active"
        if unit.fails_to_start:
            unit.result, unit.exit_status = "exit-code", 1
            self._become(unit, "failed", "failed")
            return False
        self._become(unit, "active", "waiting" if unit.is_timer else "running")
        unit.result, unit.exit_status = "success", 0
        unit.started_at = unit.changed_at
        unit.pid = 0 if unit.is_timer else self.host.next_pid()
        unit.on_start()
        return True

    async def start_in_turn(self, unit: Unit) -> bool:
        """Start a unit, after a stop that still goes on; whether it did. Who waits may go: systemd keeps the job."""
        if unit.active == "deactivating":
            unit.start_queued = True
            while unit.start_queued:
                await self.pause(0.1)
            return unit.active == "active"
        return self.start(unit)

    async def stop(self, unit: Unit) -> None:
        """Stop a unit; one that ignores the signal waits until somebody kills it."""
        unit.start_queued = False
        if unit.active not in ("active", "deactivating"):
            return
        self._become(unit, "deactivating", "stop-sigterm")
        while unit.ignores_stop and unit.active == "deactivating":
            await self.pause(0.1)
        try:
            if unit.active == "deactivating" and not unit.is_timer:
                await self.pause(unit.stop_seconds)
        finally:
            self.finish_stop(unit)

    def finish_stop(self, unit: Unit) -> None:
        """The process of a unit that is being stopped has ended."""
        if unit.active == "deactivating":
            unit.on_stop()
            self._become(unit, "inactive", "dead")
            unit.pid = 0
            self._start_queued(unit)

    def _start_queued(self, unit: Unit) -> None:
        if unit.start_queued:
            unit.start_queued = False
            self.start(unit)

    def cease(self, unit: Unit) -> None:
        """Be stopped at once, without the time that it takes."""
        if unit.active in ("active", "deactivating"):
            unit.active = "deactivating"
            self.finish_stop(unit)

    def kill(self, unit: Unit) -> None:
        """SIGKILL: the process is gone and the unit failed."""
        if unit.active in ("inactive", "failed"):
            return
        unit.on_kill()
        unit.result, unit.exit_status, unit.pid = "signal", KILLED, 0
        self._become(unit, "failed", "failed")
        self._start_queued(unit)

    def power_off(self) -> None:
        """What a loss of power does to all units."""
        for unit in self.units.values():
            unit.start_queued = False
            if unit.active != "inactive":
                unit.on_kill()
            self._become(unit, "inactive", "dead")
            unit.result, unit.pid, unit.exit_status, unit.started_at = "success", 0, 0, None

    def boot(self, *, leave: frozenset[str] = frozenset()) -> None:
        """Start the enabled units, but for those that are left."""
        for unit in self.units.values():
            if unit.file_state == "enabled" and unit.name not in leave:
                self.start(unit)

    # journalctl, systemctl

    async def journalctl(self, call: Call) -> int:
        """The last lines of one unit's log, as `-o short-iso` writes them."""
        wanted, most = "", len(self.log)
        for word in call.arguments:
            option, _, value = word.partition("=")
            if option in ("-u", "--unit"):
                wanted = _full(value)
            elif option in ("-n", "--lines") and value.isdecimal():
                most = int(value)
        unit = self.find(wanted)
        lines = [(at, text) for at, name, text in self.log if unit is not None and name == unit.name]
        for at, text in lines[len(lines) - min(most, len(lines)) :]:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))
            await call.say(f"{stamp} {self.host.name} systemd[1]: {text}")
        return 0

    async def systemctl(self, call: Call) -> int:
        """The program."""
        verb, names, properties, options = _parse(call.arguments)
        if verb in _CHANGING and not call.is_root:
            for name in names:
                await call.stderr.write(
                    f"Failed to {verb} {_full(name)}: Interactive authentication required.\n"
                    f"See system logs and 'systemctl status {_full(name)}' for details.\n".encode()
                )
            return 1
        match verb:
            case "show":
                blocks = [self._show(name, properties, options) for name in names]
                await call.stdout.write("\n".join(blocks).encode())
                return 0
            case "is-active" | "is-failed" | "is-enabled":
                return await self._is(call, verb, names)
            case "cat":
                return await self._cat(call, names)
            case "status":
                return await self._status(call, names)
            case "daemon-reload":
                return 0
            case _ if verb in _CHANGING:
                return max([await self._change(call, verb, name, options) for name in names], default=0)
            case _:
                await call.stderr.write(f"Unknown command verb '{verb}'.\n".encode())
                return 1

    async def _change(self, call: Call, verb: str, name: str, options: dict[str, str]) -> int:
        unit = self.find(name)
        if unit is None:
            await call.stderr.write(f"Failed to {verb} {_full(name)}: Unit {_full(name)} not found.\n".encode())
            return 5
        match verb:
            case "start" | "restart":
                if unit.file_state == "masked":
                    await call.stderr.write(f"Failed to {verb} {unit.name}: Unit {unit.name} is masked.\n".encode())
                    return 1
                if verb == "restart":
                    await self.stop(unit)
                if not await self.start_in_turn(unit):
                    await call.stderr.write(
                        f"Job for {unit.name} failed because the control process exited with error code.\n"
                        f'See "systemctl status {unit.name}" and "journalctl -xeu {unit.name}" for details.\n'.encode()
                    )
                    return 1
            case "stop":
                await self.stop(unit)
            case "kill":
                if options.get("signal", "TERM").removeprefix("SIG") in ("KILL", "9"):
                    self.kill(unit)
                else:
                    await self.stop(unit)
            case "reset-failed":
                if unit.active == "failed":
                    self._become(unit, "inactive", "dead")
                    unit.result = "success"
            case _:
                unit.file_state = {"enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "enabled"}[
                    verb
                ]
                if "now" in options and verb in ("enable", "disable"):
                    return await self._change(call, "start" if verb == "enable" else "stop", name, {})
        return 0

    def _show(self, name: str, properties: list[str], options: dict[str, str]) -> str:
        unit = self.find(name)
        values = _values(unit, name, options.get("timestamp") == "unix")
        wanted = [key for key in (properties or PROPERTIES) if key in values]
        if "value" in options:
            return "".join(f"{values[key]}\n" for key in wanted)
        return "".join(f"{key}={values[key]}\n" for key in wanted)

    async def _is(self, call: Call, verb: str, names: list[str]) -> int:
        good = 0
        for name in names:
            unit = self.find(name)
            word = "inactive" if unit is None else unit.file_state if verb == "is-enabled" else unit.active
            good += word in {"is-active": ("active",), "is-failed": ("failed",), "is-enabled": ("enabled",)}[verb]
            if "quiet" not in options_of(call):
                await call.say(word)
        return 0 if good else (3 if verb == "is-active" else 1)

    async def _cat(self, call: Call, names: list[str]) -> int:
        for name in names:
            unit = self.find(name)
            if unit is None:
                await call.stderr.write(f"No files found for {_full(name)}.\n".encode())
                return 1
            await call.stdout.write(f"# {unit.fragment}\n{unit.source()}".encode())
        return 0

    async def _status(self, call: Call, names: list[str]) -> int:
        status = 0
        for name in names:
            unit = self.find(name)
            if unit is None:
                await call.stderr.write(f"Unit {_full(name)} could not be found.\n".encode())
                return 4
            glyph = "●" if unit.is_active else "\N{MULTIPLICATION SIGN}" if unit.active == "failed" else "○"
            await call.say(
                f"{glyph} {unit.name} - {unit.description}\n"
                f"     Loaded: {unit.load} ({unit.fragment}; {unit.file_state})\n"
                f"     Active: {unit.active} ({unit.sub})\n   Main PID: {unit.pid}"
            )
            status = max(status, 0 if unit.is_active else 3)
        return status


def options_of(call: Call) -> frozenset[str]:
    """The names of the long options of a call."""
    names = {word.lstrip("-").partition("=")[0] for word in call.arguments if word.startswith("-")}
    return frozenset(names | ({"quiet"} if "q" in names else set()))


def _full(name: str) -> str:
    return name if "." in name else f"{name}.service"


def _parse(arguments: tuple[str, ...]) -> tuple[str, list[str], list[str], dict[str, str]]:
    words: list[str] = []
    properties: list[str] = []
    options: dict[str, str] = {}
    rest = iter(arguments)
    for word in rest:
        if word in ("-p", "--property"):
            properties += next(rest, "").split(",")
        elif word.startswith("--property="):
            properties += word.partition("=")[2].split(",")
        elif word.startswith("-p"):
            properties += word[2:].split(",")
        elif word in ("-s", "--signal"):
            options["signal"] = next(rest, "TERM")
        elif word.startswith("-") and word != "--":
            key, _, value = word.lstrip("-").partition("=")
            options[key] = value
        elif word != "--":
            words.append(word)
    return (words[0] if words else "list-units"), words[1:], properties, options


def _time(epoch: float | None, *, unix: bool) -> str:
    if epoch is None:
        return ""
    return f"@{int(epoch)}" if unix else time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(epoch))


def _values(unit: Unit | None, name: str, unix: bool) -> dict[str, str]:
    if unit is None:
        empty = dict.fromkeys(PROPERTIES, "")
        return empty | {
            "Id": _full(name),
            "Names": _full(name),
            "Description": _full(name),
            "LoadState": "not-found",
            "ActiveState": "inactive",
            "SubState": "dead",
            "Result": "success",
            "NRestarts": "0",
            "ExecMainStatus": "0",
            "MainPID": "0",
            "NeedDaemonReload": "no",
            "Restart": "no",
        }
    values = {
        "Id": unit.name,
        "Names": " ".join([unit.name, *(f"{alias}.service" for alias in unit.aliases)]),
        "LoadState": unit.load,
        "ActiveState": unit.active,
        "SubState": unit.sub,
        "Result": unit.result,
        "UnitFileState": unit.file_state,
        "FragmentPath": unit.fragment,
        "Description": unit.description,
        "ActiveEnterTimestamp": _time(unit.started_at if unit.is_active else None, unix=unix),
        "StateChangeTimestamp": _time(unit.changed_at, unix=unix),
        "NeedDaemonReload": "no",
        "RequiresMountsFor": " ".join(unit.mounts),
        "StartLimitIntervalUSec": "10s",
        "StartLimitBurst": "5",
    }
    if unit.is_timer:
        return values
    return values | {
        "NRestarts": str(unit.restarts),
        "ExecMainStatus": str(unit.exit_status),
        "MainPID": str(unit.pid),
        "ExecMainStartTimestamp": _time(unit.started_at, unix=unix),
        "Restart": unit.restart,
        "RestartUSec": "1s",
    }
