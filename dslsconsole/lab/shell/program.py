"""The program `sh`: a command, a script file or a script from standard input."""

import contextlib

from dslsconsole.lab.host import Call
from dslsconsole.lab.shell.interpreter import Interpreter
from dslsconsole.lab.shell.lexer import ScriptError, UnfinishedError
from dslsconsole.lab.shell.parser import parse
from dslsconsole.lab.shell.state import Break, Return, ShellError, State

_LONGEST_COMMAND = 1 << 20


async def run_text(call: Call, text: str, name: str, positional: list[str], options: str = "") -> int:
    """Run a script's text as a shell of its own."""
    state = State.of(call, name, positional)
    state.options.update(options)
    return await Interpreter(state).main(text)


async def sh(call: Call) -> int:
    """`sh [-eufx] [-c COMMAND [NAME [ARGUMENT…]] | -s [ARGUMENT…] | FILE [ARGUMENT…]]`."""
    arguments = list(call.arguments)
    options = ""
    while arguments and arguments[0].startswith("-") and len(arguments[0]) > 1:
        option = arguments.pop(0)
        if option == "--":
            break
        options += option[1:]
    shown = "".join(letter for letter in options if letter in "aefuvxC")
    if "c" in options:
        if not arguments:
            await call.stderr.write(b"sh: 0: -c requires an argument\n")
            return 2
        command, *rest = arguments
        return await run_text(call, command, rest[0] if rest else call.argv[0], rest[1:], shown)
    if arguments and "s" not in options:
        path = call.path(arguments[0])
        try:
            await call.host.files.reach(path)
            text = call.host.files.read(path, call.account).decode("utf-8", "surrogateescape")
        except OSError:
            await call.stderr.write(f"sh: 0: cannot open {arguments[0]}: No such file\n".encode())
            return 2
        return await run_text(call, text, arguments[0], arguments[1:], shown)
    state = State.of(call, call.argv[0], arguments)
    state.options.update(shown)
    shell = Interpreter(state)
    return await shell.finish(_from_input(shell, prompts="i" in options))


async def _from_input(shell: Interpreter, *, prompts: bool) -> int:
    """Read and run one command after another, so that commands can read what follows them."""
    state = shell.state
    held = ""
    while True:
        if prompts:
            prompt = state.get("PS2" if held else "PS1") or ""
            await state.stderr.write(prompt.encode())
        line = await state.stdin.readline()
        if not line and not held:
            return state.status
        held += line.decode("utf-8", "surrogateescape")
        try:
            parse(held)
        except UnfinishedError:
            if line and len(held) < _LONGEST_COMMAND:
                continue
        except ScriptError as error:
            if not prompts:
                raise ShellError(error.text) from None
        text, held = held, ""
        await _run_command(shell, text, prompts=prompts)


async def _run_command(shell: Interpreter, text: str, *, prompts: bool) -> None:
    if not prompts:
        await shell.evaluate(text)
        return
    try:
        with contextlib.suppress(Return, Break):
            await shell.evaluate(text)
    except ShellError as error:
        await shell.state.complain(error.text)
        shell.state.status = error.status
