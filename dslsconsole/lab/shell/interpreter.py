"""Runs commands (POSIX.1-2024, Shell Command Language, 2.9)."""

import asyncio
import errno
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

from dslsconsole.lab.shell import patterns
from dslsconsole.lab.shell.builtins import BUILTINS, SPECIAL, Builtin
from dslsconsole.lab.shell.expansion import Expansion
from dslsconsole.lab.shell.lexer import ScriptError
from dslsconsole.lab.shell.parser import parse
from dslsconsole.lab.shell.redirections import close_all, redirected
from dslsconsole.lab.shell.state import Break, Exit, Return, ShellError, State, Stream
from dslsconsole.lab.shell.tree import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Redirected,
    Redirection,
    Script,
    Simple,
    Subshell,
    Word,
)
from dslsconsole.lab.streams import Buffer, Null, Pipe

_DEEPEST_CALL = 200


class Interpreter:
    """Runs scripts in one shell's state."""

    def __init__(self, state: State, depth: int = 0) -> None:
        self.state = state
        self.expansion = Expansion(state, self.substitute)
        self._depth = depth
        self._substituted = 0
        self._steps = 0

    async def main(self, text: str) -> int:
        """Run a script to its end, EXIT trap included, and return the shell's exit status."""
        return await self.finish(self.evaluate(text))

    async def finish(self, running: Coroutine[object, object, int]) -> int:
        """Await what runs in this shell, turn the ways a shell ends into a status, run the EXIT trap."""
        try:
            status = await running
        except Exit as ending:
            status = ending.status
            if not ending.runs_trap:
                return status
        except (Return, Break):
            status = self.state.status
        except ShellError as error:
            await self.state.complain(error.text)
            status = error.status
        except BrokenPipeError:
            return 141
        if (trap := self.state.traps.pop("EXIT", None)) is not None:
            self.state.status = status
            self.state.options.discard("e")
            try:
                await self.evaluate(trap)
            except Exit as ending:
                status = ending.status
            except (ShellError, BrokenPipeError, Return, Break):
                return status
        return status

    async def evaluate(self, text: str) -> int:
        """Run a script's text in this shell, as `eval` does.

        Raises:
            ShellError: it can't be read.
        """
        try:
            script = parse(text)
        except ScriptError as error:
            self.state.line = error.line
            raise ShellError(error.text) from None
        return await self.run(script)

    def subshell(self) -> "Interpreter":
        return Interpreter(self.state.subshell(), self._depth)

    async def substitute(self, state: State, script: Script) -> str:
        """What a command prints, without the newlines at its end."""
        shell = Interpreter(state.subshell(), self._depth)
        printed = Buffer()
        shell.state.descriptors[1] = printed
        state.status = self._substituted = await shell.finish(shell.run(script))
        return printed.getvalue().replace(b"\0", b"").decode("utf-8", "surrogateescape").rstrip("\n")

    async def run(self, script: Script) -> int:
        """Run commands one after another and return the last status."""
        for item in script.items:
            if item.background:
                self._start(item)
                self.state.status = 0
            else:
                await self._and_or(item)
        if not script.items:
            self.state.status = 0
        return self.state.status

    def _start(self, item: AndOr) -> None:
        shell = self.subshell()
        shell.state.descriptors[0] = Null()
        shell.state.pid = self.state.host.next_pid()
        task = asyncio.create_task(shell._forked(partial(shell._and_or, item)))
        self.state.host.adopt(shell.state.pid, ("sh",), self.state.account, task)
        self.state.last_job = shell.state.pid
        self.state.jobs[shell.state.pid] = task

    async def _forked(self, run: Callable[[], Coroutine[object, object, int]]) -> int:
        try:
            with self.state.host.forked():
                return await self.finish(run())
        except BlockingIOError:
            await self.state.complain("Cannot fork")
            return 2

    async def _and_or(self, item: AndOr) -> int:
        state = self.state
        last = len(item.pipelines) - 1
        for index, (operator, pipeline) in enumerate(item.pipelines):
            if (operator == "&&" and state.status) or (operator == "||" and not state.status):
                continue
            if index < last:
                state.tolerant += 1
                try:
                    await self._pipeline(pipeline)
                finally:
                    state.tolerant -= 1
            else:
                await self._pipeline(pipeline)
        return state.status

    async def _pipeline(self, pipeline: Pipeline) -> None:
        state = self.state
        state.tolerant += pipeline.inverted
        try:
            if len(pipeline.commands) == 1:
                await self.command(pipeline.commands[0])
            else:
                state.status = await self._piped(pipeline.commands)
                self._end_on_failure()
        finally:
            state.tolerant -= pipeline.inverted
        if pipeline.inverted:
            state.status = int(not state.status)

    async def _piped(self, commands: Sequence[Command]) -> int:
        pipes = [Pipe() for _ in commands[1:]]
        async with asyncio.TaskGroup() as group:
            tasks = []
            for index, command in enumerate(commands):
                shell = self.subshell()
                source = pipes[index - 1] if index else None
                sink = pipes[index] if index < len(pipes) else None
                tasks.append(group.create_task(shell._piece(command, source, sink)))
        return tasks[-1].result()

    async def _piece(self, command: Command, source: Pipe | None, sink: Pipe | None) -> int:
        if source is not None:
            self.state.descriptors[0] = source
        if sink is not None:
            self.state.descriptors[1] = sink
        try:
            return await self._forked(partial(self._status_of, command))
        finally:
            if sink is not None:
                sink.close()
            if source is not None:
                source.abandon()

    async def _status_of(self, command: Command) -> int:
        await self.command(command)
        return self.state.status

    def _end_on_failure(self) -> None:
        if self.state.status and "e" in self.state.options and not self.state.tolerant:
            raise Exit(self.state.status)

    async def command(self, command: Command) -> None:
        """Run one command; its status is left in the state."""
        self._steps += 1
        if self._steps % 64 == 0:
            await asyncio.sleep(0)
        match command:
            case Simple():
                await self._simple(command)
                self._end_on_failure()
            case Group():
                await self.run(command.body)
            case Subshell():
                shell = self.subshell()
                self.state.status = await shell.finish(shell.run(command.body))
                self._end_on_failure()
            case If():
                await self._if(command)
            case Loop():
                await self._loop(command)
            case For():
                await self._for(command)
            case Case():
                await self._case(command)
            case Function():
                self.state.functions[command.name] = command.body
                self.state.status = 0
            case Redirected():
                self.state.line = command.line
                await self._with_redirections(command)

    async def _with_redirections(self, command: Redirected) -> None:
        kept = dict(self.state.descriptors)
        opened: list[Stream] = []
        try:
            await self._redirect(command.redirections, opened)
            await self.command(command.command)
        except ShellError as error:
            await self.state.complain(error.text)
            self.state.status = error.status
            self._end_on_failure()
        finally:
            self.state.descriptors = kept
            close_all(opened)

    async def _condition(self, script: Script) -> bool:
        self.state.tolerant += 1
        try:
            return await self.run(script) == 0
        finally:
            self.state.tolerant -= 1

    async def _if(self, command: If) -> None:
        for condition, body in command.branches:
            if await self._condition(condition):
                await self.run(body)
                return
        if command.otherwise is not None:
            await self.run(command.otherwise)
        else:
            self.state.status = 0

    async def _body(self, body: Script) -> bool:
        """Run a loop's body; False when the loop ends."""
        self.state.loops += 1
        try:
            await self.run(body)
        except Break as ending:
            if ending.levels > 1 and self.state.loops > 1:
                raise Break(ending.levels - 1, continues=ending.continues) from None
            return ending.continues
        finally:
            self.state.loops -= 1
        return True

    async def _loop(self, command: Loop) -> None:
        status = 0
        while await self._condition(command.condition) != command.until:
            goes_on = await self._body(command.body)
            status = self.state.status
            if not goes_on:
                break
        self.state.status = status

    async def _for(self, command: For) -> None:
        words = self.state.positional if command.words is None else await self.expansion.arguments(command.words)
        self.state.status = 0
        for value in list(words):
            self.state.set(command.name, value)
            if not await self._body(command.body):
                break

    async def _case(self, command: Case) -> None:
        subject = await self.expansion.text(command.subject)
        for alternatives, body in command.branches:
            for pattern in alternatives:
                if patterns.matches(await self.expansion.pattern(pattern), subject):
                    await self.run(body)
                    return
        self.state.status = 0

    async def _redirect(self, redirections: Sequence[Redirection], opened: list[Stream]) -> None:
        for redirection in redirections:
            if redirection.document is not None:
                text = await self.expansion.text(redirection.document.text)
                self.state.descriptors[redirection.descriptor] = Buffer(text.encode("utf-8", "surrogateescape"))
                continue
            target = await self.expansion.text(redirection.target)
            await redirected(self.state, redirection.descriptor, redirection.operator, target, opened)

    async def _simple(self, command: Simple) -> None:
        state = self.state
        state.line = command.line
        self._substituted = 0
        argv = await self.expansion.arguments(command.words)
        if "x" in state.options and argv:
            await state.stderr.write(f"+ {' '.join(argv)}\n".encode("utf-8", "surrogateescape"))
        keeps = argv[:1] == ["exec"]
        kept = state.descriptors if keeps or not command.redirections else dict(state.descriptors)
        opened: list[Stream] = []
        try:
            await self._redirect(command.redirections, opened)
            state.status = await self._dispatch(argv, command.assignments)
        except ShellError as error:
            if not command.redirections or (argv and argv[0] in SPECIAL) or not error.text.startswith("cannot "):
                raise
            await state.complain(error.text)
            state.status = error.status
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            await state.complain(f"{argv[0] if argv else ''}: {error.filename or ''}: {error.strerror}")
            state.status = 2
        finally:
            if not keeps:
                state.descriptors = kept
                close_all(opened)

    async def _dispatch(self, argv: list[str], assignments: tuple[tuple[str, Word], ...]) -> int:
        values = {name: await self.expansion.text(word) for name, word in assignments}
        if not argv:
            for name, value in values.items():
                self.state.set(name, value)
            return self._substituted
        name = argv[0]
        if name in SPECIAL:
            for variable, value in values.items():
                self.state.set(variable, value)
            return await SPECIAL[name](self, argv)
        if name in self.state.functions:
            return await self._with_variables(values, argv)
        if (builtin := BUILTINS.get(name)) is not None:
            return await self._with_variables(values, argv, builtin) if values else await builtin(self, argv)
        return await self.program(argv, values)

    async def _with_variables(self, values: dict[str, str], argv: list[str], builtin: Builtin | None = None) -> int:
        kept = {name: self.state.variables.get(name) for name in values}
        for name, value in values.items():
            self.state.set(name, value)
        try:
            return await (builtin(self, argv) if builtin else self.function(argv))
        finally:
            for name, old in kept.items():
                if old is None:
                    self.state.variables.pop(name, None)
                else:
                    self.state.variables[name] = old

    async def function(self, argv: list[str]) -> int:
        """Call a function with arguments."""
        state = self.state
        if self._depth >= _DEEPEST_CALL:
            raise ShellError("Maximum function recursion depth reached")
        kept, loops, state.loops = state.positional, state.loops, 0
        state.positional = argv[1:]
        state.locals.append({})
        self._depth += 1
        try:
            await self.command(state.functions[argv[0]])
        except Return as ending:
            state.status = ending.status
        finally:
            self._depth -= 1
            state.positional, state.loops = kept, loops
            for name, old in state.locals.pop().items():
                if old is None:
                    state.variables.pop(name, None)
                else:
                    state.variables[name] = old
        return state.status

    async def program(self, argv: list[str], values: dict[str, str] | None = None) -> int:
        """Run a program of the host."""
        state = self.state
        call = state.call(argv, values)
        try:
            return await state.host.call(call)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EACCES):
                raise
            missing = error.errno == errno.ENOENT
            await state.complain(f"{argv[0]}: {'not found' if missing else 'Permission denied'}")
            return 127 if missing else 126
