"""What a running shell knows: variables, functions, options, open files, jobs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from dslsconsole.lab.accounts import Account
from dslsconsole.lab.host import Call, Host
from dslsconsole.lab.shell.tree import Command
from dslsconsole.lab.streams import Input, Null, Output

Stream = Input | Output


class ShellError(Exception):
    """An error that ends a script that is not interactive; the text goes to standard error."""

    def __init__(self, text: str, status: int = 2) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class Exit(Exception):  # noqa: N818 - it is no error
    """The shell ends with a status."""

    def __init__(self, status: int, *, runs_trap: bool = True) -> None:
        super().__init__(status)
        self.status = status
        self.runs_trap = runs_trap


class Return(Exception):  # noqa: N818 - it is no error
    """The function that runs ends with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Break(Exception):  # noqa: N818 - it is no error
    """Loops end; `continues` starts the outermost of them again."""

    def __init__(self, levels: int, *, continues: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.continues = continues


@dataclass(slots=True)
class State:
    """The state of one shell; a subshell works on a copy."""

    host: Host
    account: Account
    name: str
    positional: list[str]
    variables: dict[str, str]
    exported: set[str]
    cwd: str
    umask: int
    pid: int
    descriptors: dict[int, Stream]
    readonly: set[str] = field(default_factory=set)
    functions: dict[str, Command] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    traps: dict[str, str] = field(default_factory=dict)
    locals: list[dict[str, str | None]] = field(default_factory=list)
    jobs: dict[int, "asyncio.Task[int]"] = field(default_factory=dict)
    last_job: int | None = None
    status: int = 0
    line: int = 1
    tolerant: int = 0
    """How many conditions surround the running command: within them `set -e` does not end the shell."""
    loops: int = 0

    @classmethod
    def of(cls, call: Call, name: str, positional: list[str]) -> "State":
        """The state of a shell that was called as a program."""
        variables = {"IFS": " \t\n", "PS1": "$ ", "PS2": "> ", "OPTIND": "1", **call.env, "PWD": call.cwd}
        descriptors: dict[int, Stream] = {0: call.stdin, 1: call.stdout, 2: call.stderr}
        return cls(
            host=call.host,
            account=call.account,
            name=name,
            positional=positional,
            variables=variables,
            exported={*call.env, "PWD"},
            cwd=call.cwd,
            umask=call.umask,
            pid=call.pid,
            descriptors=descriptors,
        )

    def subshell(self) -> "State":
        """A copy whose changes stay in it. Traps are reset, as POSIX wants."""
        return replace(
            self,
            positional=list(self.positional),
            variables=dict(self.variables),
            exported=set(self.exported),
            readonly=set(self.readonly),
            functions=dict(self.functions),
            options=set(self.options),
            descriptors=dict(self.descriptors),
            traps={},
            locals=[dict(frame) for frame in self.locals],
            jobs={},
        )

    # Variables

    def get(self, name: str) -> str | None:
        """A variable, a positional or a special parameter; None where it is not set."""
        if name in self.variables:
            return self.variables[name]
        if name.isdigit():
            index = int(name)
            if index == 0:
                return self.name
            return self.positional[index - 1] if index <= len(self.positional) else None
        match name:
            case "@" | "*":
                return " ".join(self.positional) if self.positional else None
            case "#":
                return str(len(self.positional))
            case "?":
                return str(self.status)
            case "$":
                return str(self.pid)
            case "!":
                return None if self.last_job is None else str(self.last_job)
            case "-":
                return "".join(sorted(self.options))
        return None

    def set(self, name: str, value: str) -> None:
        """Set a variable.

        Raises:
            ShellError: it is read-only.
        """
        if name in self.readonly:
            raise ShellError(f"{name}: is read only")
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def unset(self, name: str) -> None:
        """Forget a variable.

        Raises:
            ShellError: it is read-only.
        """
        if name in self.readonly:
            raise ShellError(f"{name}: is read only")
        self.variables.pop(name, None)
        self.exported.discard(name)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What programs get."""
        exported = {name: self.variables[name] for name in self.exported if name in self.variables}
        return exported | dict(extra or {})

    # Streams

    @property
    def stdin(self) -> Input:
        stream = self.descriptors.get(0)
        return cast(Input, stream) if hasattr(stream, "readline") else Null()

    @property
    def stdout(self) -> Output:
        return self.output(1)

    @property
    def stderr(self) -> Output:
        return self.output(2)

    def output(self, number: int) -> Output:
        """What a descriptor writes to; writing to a closed one is lost."""
        stream = self.descriptors.get(number)
        return cast(Output, stream) if hasattr(stream, "write") else Null()

    async def complain(self, text: str) -> None:
        """Print an error as `NAME: LINE: TEXT`."""
        await self.stderr.write(f"{self.name}: {self.line}: {text}\n".encode("utf-8", "surrogateescape"))

    # Programs

    def call(self, argv: list[str], values: Mapping[str, str] | None = None) -> Call:
        """A program's call with this shell's streams, directory and exported variables."""
        return Call(
            self.host,
            tuple(argv),
            self.account,
            cwd=self.cwd,
            env=self.environment(values),
            stdin=self.stdin,
            stdout=self.stdout,
            stderr=self.stderr,
            umask=self.umask,
            pid=self.pid,
        )
