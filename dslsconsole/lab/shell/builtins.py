"""The commands that are part of the shell itself (POSIX.1-2024, 2.15 and 1.6)."""

import asyncio
import posixpath
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from dslsconsole.lab.shell.conditions import test
from dslsconsole.lab.shell.printing import echo, printf
from dslsconsole.lab.shell.quoting import quoted
from dslsconsole.lab.shell.scripts import located
from dslsconsole.lab.shell.state import Break, Exit, Return, ShellError

if TYPE_CHECKING:
    from dslsconsole.lab.shell.interpreter import Interpreter

Builtin = Callable[["Interpreter", list[str]], Awaitable[int]]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPTION_NAMES = {
    "errexit": "e",
    "nounset": "u",
    "noglob": "f",
    "noclobber": "C",
    "xtrace": "x",
    "allexport": "a",
    "verbose": "v",
    "noexec": "n",
}


def _number(text: str, command: str) -> int:
    if not text.isdigit():
        raise ShellError(f"{command}: Illegal number: {text}")
    return int(text)


async def _colon(shell: "Interpreter", argv: list[str]) -> int:
    return 0


async def _false(shell: "Interpreter", argv: list[str]) -> int:
    return 1


async def _break(shell: "Interpreter", argv: list[str]) -> int:
    levels = _number(argv[1], argv[0]) if len(argv) > 1 else 1
    if not shell.state.loops:
        return 0
    shell.state.status = 0
    raise Break(min(levels, shell.state.loops), continues=argv[0] == "continue")


async def _return(shell: "Interpreter", argv: list[str]) -> int:
    raise Return(_number(argv[1], "return") & 255 if len(argv) > 1 else shell.state.status)


async def _exit(shell: "Interpreter", argv: list[str]) -> int:
    raise Exit(_number(argv[1], "exit") & 255 if len(argv) > 1 else shell.state.status)


async def _eval(shell: "Interpreter", argv: list[str]) -> int:
    return await shell.evaluate(" ".join(argv[1:]))


async def _exec(shell: "Interpreter", argv: list[str]) -> int:
    if argv[1:2] == ["--"]:
        argv = argv[1:]
    if len(argv) < 2:
        return 0
    raise Exit(await shell.program(argv[1:]), runs_trap=False)


async def _dot(shell: "Interpreter", argv: list[str]) -> int:
    state = shell.state
    if len(argv) < 2:
        return 0
    path = posixpath.normpath(posixpath.join(state.cwd, argv[1]))
    try:
        text = state.host.files.read(path, state.account).decode("utf-8", "surrogateescape")
    except OSError:
        raise ShellError(f".: cannot open {argv[1]}: No such file") from None
    try:
        return await shell.evaluate(text)
    except Return as ending:
        return ending.status


async def _cd(shell: "Interpreter", argv: list[str]) -> int:
    state = shell.state
    target = argv[1] if len(argv) > 1 else state.get("HOME") or "/"
    if target == "-":
        target = state.get("OLDPWD") or state.cwd
    path = posixpath.normpath(posixpath.join(state.cwd, target))
    await state.host.files.reach(path)
    if not state.host.files.is_directory(path):
        await state.complain(f"cd: can't cd to {target}")
        return 2
    state.variables["OLDPWD"], state.variables["PWD"], state.cwd = state.cwd, path, path
    return 0


async def _pwd(shell: "Interpreter", argv: list[str]) -> int:
    await shell.state.stdout.write(shell.state.cwd.encode() + b"\n")
    return 0


async def _export(shell: "Interpreter", argv: list[str]) -> int:
    state = shell.state
    names = [argument for argument in argv[1:] if argument != "-p"]
    marked = state.exported if argv[0] == "export" else state.readonly
    for argument in names:
        name, equals, value = argument.partition("=")
        if not _NAME.fullmatch(name):
            raise ShellError(f"{argv[0]}: {name}: bad variable name")
        if equals:
            state.set(name, value)
        marked.add(name)
    if not names:
        lines = [f"{argv[0]} {name}={quoted(state.variables.get(name, ''))}\n" for name in sorted(marked)]
        await state.stdout.write("".join(lines).encode("utf-8", "surrogateescape"))
    return 0


async def _unset(shell: "Interpreter", argv: list[str]) -> int:
    names = argv[1:]
    of_functions = names[:1] == ["-f"]
    for name in names[1:] if names[:1] in (["-f"], ["-v"]) else names:
        if of_functions:
            shell.state.functions.pop(name, None)
        else:
            shell.state.unset(name)
    return 0


async def _local(shell: "Interpreter", argv: list[str]) -> int:
    state = shell.state
    if not state.locals:
        raise ShellError("local: not in a function")
    for argument in argv[1:]:
        name, equals, value = argument.partition("=")
        state.locals[-1].setdefault(name, state.variables.get(name))
        if equals:
            state.set(name, value)
    return 0


async def _set(shell: "Interpreter", argv: list[str]) -> int:
    state = shell.state
    arguments = argv[1:]
    if not arguments:
        lines = [f"{name}={quoted(value)}\n" for name, value in sorted(state.variables.items())]
        await state.stdout.write("".join(lines).encode("utf-8", "surrogateescape"))
        return 0
    while arguments and arguments[0][:1] in "-+" and len(arguments[0]) > 1:
        option = arguments.pop(0)
        if option == "--":
            state.positional = arguments
            return 0
        change = state.options.add if option[0] == "-" else state.options.discard
        for letter in option[1:]:
            if letter == "o":
                name = arguments.pop(0) if arguments else ""
                if name not in _OPTION_NAMES:
                    raise ShellError(f"set: Illegal option -o {name}")
                change(_OPTION_NAMES[name])
            elif letter in "abCefhmnuvx":
                change(letter)
            else:
                raise ShellError(f"set: Illegal option {option[0]}{letter}")
    if arguments:
        state.positional = arguments
    return 0


async def _shift(shell: "Interpreter", argv: list[str]) -> int:
    count = _number(argv[1], "shift") if len(argv) > 1 else 1
    if count > len(shell.state.positional):
        raise ShellError("shift: can't shift that many")
    shell.state.positional = shell.state.positional[count:]
    return 0


async def _trap(shell: "Interpreter", argv: list[str]) -> int:
    traps = shell.state.traps
    arguments = argv[2:] if argv[1:2] == ["--"] else argv[1:]
    if not arguments:
        lines = [f"trap -- {quoted(action)} {name}\n" for name, action in traps.items()]
        await shell.state.stdout.write("".join(lines).encode())
        return 0
    action, names = (arguments[0], arguments[1:]) if len(arguments) > 1 else ("-", arguments)
    for name in names:
        event = "EXIT" if name == "0" else name.upper().removeprefix("SIG")
        if action == "-":
            traps.pop(event, None)
        else:
            traps[event] = action
    return 0


async def _umask(shell: "Interpreter", argv: list[str]) -> int:
    if len(argv) < 2:
        await shell.state.stdout.write(f"{shell.state.umask:04o}\n".encode())
        return 0
    if not re.fullmatch(r"[0-7]{1,4}", argv[1]):
        raise ShellError(f"umask: Illegal number: {argv[1]}")
    shell.state.umask = int(argv[1], 8) & 0o777
    return 0


async def _wait(shell: "Interpreter", argv: list[str]) -> int:
    jobs = shell.state.jobs
    if len(argv) < 2:
        await asyncio.gather(*jobs.values(), return_exceptions=True)
        jobs.clear()
        return 0
    status = 0
    for argument in argv[1:]:
        task = jobs.pop(int(argument), None) if argument.isdigit() else None
        if task is None:
            status = 127
            continue
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        status = outcome if isinstance(outcome, int) else 143
    return status


async def _read(shell: "Interpreter", argv: list[str]) -> int:
    state = shell.state
    arguments = argv[1:]
    raw = False
    while arguments and arguments[0].startswith("-"):
        option = arguments.pop(0)
        raw = raw or "r" in option
        if option == "-p" and arguments:
            await state.stderr.write(arguments.pop(0).encode())
    if not arguments:
        raise ShellError("read: arg count")
    line = await state.stdin.readline()
    while not raw and line.endswith(b"\\\n"):
        line = line[:-2] + await state.stdin.readline()
    complete = line.endswith(b"\n")
    text = line.removesuffix(b"\n").replace(b"\0", b"").decode("utf-8", "surrogateescape")
    for name, value in zip(arguments, _read_fields(text, state.get("IFS") or "", len(arguments), raw), strict=True):
        state.set(name, value)
    return 0 if complete else 1


def _read_fields(text: str, separators: str, count: int, raw: bool) -> list[str]:
    blanks = "".join(character for character in separators if character in " \t\n")
    characters = _unescaped(text, raw)
    values: list[str] = []
    position = _past_blanks(characters, 0, blanks)
    while len(values) < count - 1:
        value = []
        while position < len(characters) and not _separates(characters[position], separators):
            value.append(characters[position][0])
            position += 1
        values.append("".join(value))
        position = _past_blanks(characters, position, blanks)
        if position < len(characters) and _separates(characters[position], separators) and value is not None:
            at_other = characters[position][0] not in blanks
            position = _past_blanks(characters, position + at_other, blanks)
    rest = characters[position:]
    while rest and _separates(rest[-1], blanks):
        rest.pop()
    has_one_field = rest and _separates(rest[-1], separators) and not any(_separates(c, separators) for c in rest[:-1])
    values.append("".join(character for character, _ in (rest[:-1] if has_one_field else rest)))
    return values


def _unescaped(text: str, raw: bool) -> list[tuple[str, bool]]:
    characters, position = [], 0
    while position < len(text):
        escaped = not raw and text[position] == "\\"
        position += escaped
        if position < len(text):
            characters.append((text[position], escaped))
        position += 1
    return characters


def _separates(character: tuple[str, bool], separators: str) -> bool:
    return character[0] in separators and not character[1]


def _past_blanks(characters: list[tuple[str, bool]], position: int, blanks: str) -> int:
    while position < len(characters) and _separates(characters[position], blanks):
        position += 1
    return position


async def _command(shell: "Interpreter", argv: list[str]) -> int:
    arguments = argv[1:]
    if arguments[:1] in (["-v"], ["-V"]):
        return await _tell(shell, [argv[0], *arguments[1:]])
    if arguments[:1] in (["-p"], ["--"]):
        arguments = arguments[1:]
    if not arguments:
        return 0
    builtin = SPECIAL.get(arguments[0]) or BUILTINS.get(arguments[0])
    return await (builtin(shell, arguments) if builtin else shell.program(arguments))


async def _tell(shell: "Interpreter", argv: list[str]) -> int:
    status = 0
    for name in argv[1:]:
        is_internal = name in shell.state.functions or name in SPECIAL or name in BUILTINS
        path = name if is_internal else located(shell.state.call([name]))
        if path is None:
            status = 127
            if argv[0] == "type":
                await shell.state.stdout.write(f"{name}: not found\n".encode())
            continue
        kind = "a shell function" if name in shell.state.functions else "a shell builtin"
        described = f"{name} is {kind if is_internal else path}" if argv[0] == "type" else path
        await shell.state.stdout.write(described.encode() + b"\n")
    return status


async def _getopts(shell: "Interpreter", argv: list[str]) -> int:
    state = shell.state
    if len(argv) < 3:
        raise ShellError("getopts: Usage: getopts optstring var [arg]")
    arguments = argv[3:] or state.positional
    index, _, offset = (state.get("OPTIND") or "1").partition(".")
    position, letter_at = int(index or 1) - 1, int(state.variables.get("_OPTAT", "1") if not offset else 1)
    if position >= len(arguments) or not re.match(r"-[^-]", arguments[position]):
        ended = position < len(arguments) and arguments[position] == "--"
        state.set("OPTIND", str(position + 1 + ended))
        state.set(argv[2], "?")
        return 1
    letter = arguments[position][letter_at]
    more = letter_at + 1 < len(arguments[position])
    known = argv[1].find(letter)
    value = letter
    state.unset("OPTARG")
    if known < 0 or letter == ":":
        value = "?"
        if not argv[1].startswith(":"):
            await state.complain(f"Illegal option -{letter}")
    elif argv[1][known + 1 : known + 2] == ":":
        if more:
            state.set("OPTARG", arguments[position][letter_at + 1 :])
        elif position + 1 < len(arguments):
            position += 1
            state.set("OPTARG", arguments[position])
        else:
            value = "?"
            await state.complain(f"No arg for -{letter} option")
        more = False
    state.set("OPTIND", str(position + 1 + (not more)))
    state.variables["_OPTAT"] = str(letter_at + 1 if more else 1)
    state.set(argv[2], value)
    return 0


def _internal(program: Callable[..., Awaitable[int]]) -> Builtin:
    async def run(shell: "Interpreter", argv: list[str]) -> int:
        return await program(shell.state.call(argv))

    return run


SPECIAL: dict[str, Builtin] = {
    ":": _colon,
    ".": _dot,
    "break": _break,
    "continue": _break,
    "eval": _eval,
    "exec": _exec,
    "exit": _exit,
    "export": _export,
    "readonly": _export,
    "return": _return,
    "set": _set,
    "shift": _shift,
    "trap": _trap,
    "unset": _unset,
}
"""Assignments before these stay, and their errors end the shell."""

BUILTINS: dict[str, Builtin] = {
    "true": _colon,
    "false": _false,
    "cd": _cd,
    "pwd": _pwd,
    "local": _local,
    "read": _read,
    "umask": _umask,
    "wait": _wait,
    "command": _command,
    "type": _tell,
    "getopts": _getopts,
    "echo": _internal(echo),
    "printf": _internal(printf),
    "test": _internal(test),
    "[": _internal(test),
}
