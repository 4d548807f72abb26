"""The program `systemd-run` of a practice host: a command at a later time, as a transient timer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from dslsconsole.lab.host import Call, Program
from dslsconsole.lab.streams import Null
from dslsconsole.lab.world.systemd import Unit, Units

Run = Callable[[Call], Awaitable[int]]
NEEDS_ROOT = "Failed to start transient timer unit: Interactive authentication required.\n"


async def _on_its_host(call: Call) -> int:
    return await call.host.call(call)


def systemd_run(units: Units, run: Run = _on_its_host) -> Program:
    """The program: `systemd-run [--collect] --on-active=SECONDS --unit=NAME COMMAND…`. `run` runs the command."""

    async def program(call: Call) -> int:
        options = {}
        words = list(call.arguments)
        while words and words[0].startswith("--"):
            name, _, value = words.pop(0).removeprefix("--").partition("=")
            options[name] = value
        delay = re.fullmatch(r"(\d+)(?:s|sec)?", options.get("on-active", ""))
        if delay is None or not words or not options.get("unit"):
            await call.stderr.write(b"systemd-run: --on-active=, --unit= and a command are needed here\n")
            return 1
        if not call.is_root:
            await call.stderr.write(NEEDS_ROOT.encode())
            return 1
        name = f"{options['unit'].removesuffix('.timer')}.timer"
        if name in units.units:
            text = f"Failed to start transient timer unit: Unit {name} was already loaded or has a fragment file.\n"
            await call.stderr.write(text.encode())
            return 1
        later = replace(call, argv=tuple(words), stdin=Null(), stdout=Null(), stderr=Null())
        _start(units, name, later, float(delay[1]), run)
        await call.stderr.write(
            f"Running timer as unit: {name}\nWill run service as unit: {name.removesuffix('.timer')}.service\n".encode()
        )
        return 0

    return program


def _start(units: Units, name: str, later: Call, delay: float, run: Run) -> None:
    async def elapse() -> int:
        try:
            await units.pause(delay)
            return await run(later)
        finally:
            units.units.pop(name, None)

    task = asyncio.create_task(elapse())

    def end() -> None:
        task.cancel()
        units.units.pop(name, None)

    later.host.adopt(later.host.next_pid(), ("systemd-run", name), later.account, task)
    units.units[name] = Unit(name, " ".join(later.argv), on_stop=end, on_kill=end)
    units.start(units.units[name])
