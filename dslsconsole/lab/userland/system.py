"""date, sleep, timeout, uname, hostname, id, whoami, env, ps, kill, logger, sudo."""

import asyncio
import datetime
import re
from dataclasses import replace

from dslsconsole.lab.accounts import ROOT
from dslsconsole.lab.host import Call
from dslsconsole.lab.userland.calling import Options, program

_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NOT_STARTED = 125


def duration(text: str) -> float | None:
    """Seconds of a duration such as `5`, `0.5` or `2m`; None where it is none."""
    match = _DURATION.fullmatch(text)
    return float(match[1]) * _UNITS[match[2]] if match else None


@program("ud:R", "utc", "iso-8601=", "date=")
async def date(call: Call, options: Options, operands: list[str]) -> int:
    """The host's time, in UTC; `+FORMAT` as strftime(3), `%s` epoch seconds, `%N` nanoseconds."""
    epoch = call.host.clock()
    given = options.get("d", options.get("date"))
    if given is not None:
        if not re.fullmatch(r"@\d+(\.\d+)?", given):
            await call.complain(f"invalid date '{given}'")
            return 1
        epoch = float(given[1:])
    moment = datetime.datetime.fromtimestamp(epoch, datetime.UTC)
    form = operands[0][1:] if operands and operands[0].startswith("+") else "%a %b %e %H:%M:%S UTC %Y"
    if "R" in options:
        form = "%a, %d %b %Y %H:%M:%S +0000"
    form = form.replace("%s", str(int(epoch))).replace("%3N", f"{int(epoch * 1000) % 1000:03}")
    form = form.replace("%N", f"{int(epoch % 1 * 1e9):09}").replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S")
    await call.say(moment.strftime(form))
    return 0


@program()
async def sleep(call: Call, options: Options, operands: list[str]) -> int:
    """Wait seconds of the host's time."""
    seconds = [duration(operand) for operand in operands]
    if not seconds or None in seconds:
        await call.complain("missing operand" if not seconds else f"invalid time interval '{operands[0]}'")
        return 1
    await call.host.pause(sum(value for value in seconds if value is not None))
    return 0


@program("+k:s:v", "kill-after=", "signal=", "preserve-status", "foreground", usage_status=_NOT_STARTED)
async def timeout(call: Call, options: Options, operands: list[str]) -> int:
    """Run a command for so many real seconds at most; 124 where it had to be ended, 137 where by KILL."""
    seconds = duration(operands[0]) if operands else None
    if seconds is None or len(operands) < 2:
        await call.complain(f"invalid time interval '{operands[0]}'" if operands else "missing operand")
        return _NOT_STARTED
    try:
        async with asyncio.timeout(seconds or None) as limit:
            return await call.run(operands[1:])
    except TimeoutError:
        if not limit.expired():
            raise
        return 137 if options.get("s", options.get("signal", "")).upper() in ("KILL", "9", "SIGKILL") else 124
    except OSError as error:
        await call.complain(f"failed to run command '{operands[1]}': {error.strerror}")
        return 126 if isinstance(error, PermissionError) else 127


@program("asnrvmop")
async def uname(call: Call, options: Options, operands: list[str]) -> int:
    """What the host says it runs."""
    facts = {
        "s": "Linux",
        "n": call.host.name,
        "r": "6.1.0-28-amd64",
        "v": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)",
        "m": "x86_64",
        "o": "GNU/Linux",
    }
    chosen = list(facts) if "a" in options else [letter for letter in facts if letter in options] or ["s"]
    await call.say(" ".join(facts[letter] for letter in chosen))
    return 0


@program("sfiI")
async def hostname(call: Call, options: Options, operands: list[str]) -> int:
    """The host's name, or its addresses with -I."""
    addresses = " ".join(cidr.partition("/")[0] for _, cidr in call.host.addresses)
    await call.say(addresses if "I" in options or "i" in options else call.host.name)
    return 0


@program("unrgG")
async def id_(call: Call, options: Options, operands: list[str]) -> int:
    """Who runs the program."""
    account = call.host.accounts.get(operands[0]) if operands else call.account
    if account is None:
        await call.stderr.write(f"id: '{operands[0]}': no such user\n".encode())
        return 1
    if "u" in options or "g" in options or "G" in options:
        await call.say(account.name if "n" in options else str(account.uid))
    else:
        named = f"{account.uid}({account.name})"
        await call.say(f"uid={named} gid={named} groups={named}")
    return 0


@program()
async def whoami(call: Call, options: Options, operands: list[str]) -> int:
    """The name of who runs the program."""
    await call.say(call.account.name)
    return 0


@program("+iu:", "ignore-environment", "unset=", usage_status=_NOT_STARTED)
async def env(call: Call, options: Options, operands: list[str]) -> int:
    """Print the environment, or run a command with a changed one."""
    surroundings = {} if "i" in options or "ignore-environment" in options else dict(call.env)
    surroundings.pop(options.get("u", options.get("unset", "")), None)
    while operands and re.match(r"[A-Za-z_]\w*=", operands[0]):
        name, _, value = operands.pop(0).partition("=")
        surroundings[name] = value
    if not operands:
        for name, value in surroundings.items():
            await call.say(f"{name}={value}")
        return 0
    try:
        return await replace(call, env=surroundings).run(operands)
    except OSError as error:
        await call.complain(f"'{operands[0]}': {error.strerror}")
        return 127


async def ps(call: Call) -> int:
    """The host's processes: number, user and command."""
    await call.say("    PID USER     COMMAND")
    for process in list(call.host.processes.values()):
        await call.say(f"{process.pid:7} {process.account.name:8} {' '.join(process.argv)}")
    return 0


@program("s:n:l")
async def kill(call: Call, options: Options, operands: list[str]) -> int:
    """End processes that run in the background; `kill -0` only asks whether they are there."""
    status = 0
    for operand in operands:
        process = call.host.processes.get(int(operand)) if operand.isdigit() else None
        if process is None:
            await call.stderr.write(f"kill: ({operand}) - No such process\n".encode())
            status = 1
        elif not call.is_root and process.account != call.account:
            await call.stderr.write(f"kill: ({operand}) - Operation not permitted\n".encode())
            status = 1
        elif options.get("s") != "0" and process.task is not None:
            process.task.cancel()
    return status


async def kill_by_signal(call: Call) -> int:
    """`kill [-SIGNAL] PID…`."""
    argv = list(call.argv)
    if len(argv) > 1 and re.fullmatch(r"-(\d+|[A-Z]{2,})", argv[1]):
        argv[1:2] = ["-s", argv[1][1:]]
    return await kill(replace(call, argv=tuple(argv)))


@program("t:p:isn:", "tag=", "priority=")
async def logger(call: Call, options: Options, operands: list[str]) -> int:
    """Add a line to /var/log/syslog."""
    tag = options.get("t", options.get("tag", call.account.name))
    text = " ".join(operands) or (await call.stdin.read()).decode("utf-8", "replace").rstrip("\n")
    moment = datetime.datetime.fromtimestamp(call.host.clock(), datetime.UTC).isoformat(timespec="seconds")
    path = "/var/log/syslog"
    before = call.host.read(path) if call.host.files.exists(path) else b""
    call.host.files.write(path, before[-(1 << 20) :] + f"{moment} {call.host.name} {tag}: {text}\n".encode())
    return 0


@program("+nu:kSEHilv", "non-interactive", "user=")
async def sudo(call: Call, options: Options, operands: list[str]) -> int:
    """Run a command as root, or as another user, where the caller may; nobody is asked for a password."""
    if not call.host.may_sudo(call.account, tuple(operands)):
        needs_terminal = "n" not in options and "non-interactive" not in options
        reason = "a terminal is required to read the password" if needs_terminal else "a password is required"
        await call.complain(reason)
        return 1
    target = call.host.accounts.get(options.get("u", options.get("user", ROOT.name)))
    if target is None:
        await call.complain(f"unknown user {options.get('u', '')}")
        return 1
    if not operands:
        return 0 if "v" in options else 1
    surroundings = call.host.login_environment(target) | {"SUDO_USER": call.account.name}
    try:
        return await replace(call, account=target, env=surroundings).run(operands)
    except OSError:
        await call.complain(f"{operands[0]}: command not found")
        return 1
