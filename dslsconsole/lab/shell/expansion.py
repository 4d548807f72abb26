"""From words to arguments: parameters, substitutions, field splitting, patterns (POSIX.1-2024, 2.6)."""

import posixpath
from collections.abc import Awaitable, Callable, Iterable

from dslsconsole.lab.filesystem import FileSystem
from dslsconsole.lab.shell import arithmetic, patterns
from dslsconsole.lab.shell.state import ShellError, State
from dslsconsole.lab.shell.tree import Arithmetic, Literal, Parameter, Part, Script, Substitution, Word

Field = list[tuple[str, bool]]
Substitute = Callable[[State, Script], Awaitable[str]]


class Expansion:
    """Expands words in a shell's state; commands in them are run by `substitute`."""

    def __init__(self, state: State, substitute: Substitute) -> None:
        self._state = state
        self._substitute = substitute

    async def arguments(self, words: Iterable[Word]) -> list[str]:
        """The fields that words become, split and with patterns replaced by the names they match."""
        expanded: list[str] = []
        for word in words:
            plain = word.plain
            if plain is not None and plain[:1] != "~" and not any(special in plain for special in "*?["):
                expanded.append(plain)
                continue
            for pieces in await self._fields(word, splits=True):
                expanded += self._names(pieces)
        return expanded

    async def text(self, word: Word) -> str:
        """The one string a word becomes where nothing is split, e.g. in an assignment."""
        plain = word.plain
        if plain is not None and plain[:1] != "~":
            return plain
        fields = await self._fields(word, splits=False)
        return " ".join("".join(text for text, _ in pieces) for pieces in fields)

    async def pattern(self, word: Word) -> patterns.Segments:
        """A word as a pattern, its quoted parts taken as they stand."""
        segments: list[tuple[str, bool]] = []
        for index, pieces in enumerate(await self._fields(word, splits=False)):
            segments += [(" ", True)] * (index > 0) + pieces
        return tuple(segments)

    # Fields

    async def _fields(self, word: Word, *, splits: bool) -> list[Field]:
        fields = _Fields(self._state.variables.get("IFS", " \t\n"))
        for index, part in enumerate(word.parts):
            if isinstance(part, Literal):
                text = part.text
                if index == 0 and not part.quoted and text.startswith("~"):
                    text = self._home(text, alone=len(word.parts) == 1)
                fields.add(text, part.quoted)
            elif isinstance(part, Parameter):
                await self._parameter(part, fields, splits)
            else:
                value = await self._computed(part)
                self._add(fields, value, part.quoted, splits)
        return fields.finish()

    @staticmethod
    def _add(fields: "_Fields", value: str, quoted: bool, splits: bool) -> None:
        if splits and not quoted:
            fields.split(value)
        elif quoted or value:
            fields.add(value, quoted)

    async def _computed(self, part: Part) -> str:
        if isinstance(part, Substitution):
            return await self._substitute(self._state, part.script)
        if isinstance(part, Arithmetic):
            text = await self.text(part.expression)
            try:
                value = arithmetic.evaluate(text, lambda name: self._state.get(name) or "0", self._state.set)
            except arithmetic.CalculationError as error:
                raise ShellError(str(error)) from None
            return str(value)
        raise TypeError(part)

    def _home(self, text: str, *, alone: bool) -> str:
        name, slash, rest = text[1:].partition("/")
        if not slash and not alone:
            return text
        if not name:
            return (self._state.get("HOME") or "~") + slash + rest
        account = self._state.host.accounts.get(name)
        return account.home + slash + rest if account else text

    # Parameters

    async def _parameter(self, part: Parameter, fields: "_Fields", splits: bool) -> None:
        if part.name in ("@", "*") and not part.operator:
            self._all_positional(part, fields, splits)
            return
        value = self._state.get(part.name)
        if part.operator and part.operator[-1] in "-+=?":
            missing = value is None or (part.operator.startswith(":") and not value)
            if part.operator[-1] == "+":
                missing = not missing
                value = None
            if missing:
                await self._replacement(part, fields, splits)
                return
            if part.operator[-1] == "+":
                if part.quoted:
                    fields.add("", True)
                return
            if part.name in ("@", "*"):
                self._all_positional(part, fields, splits)
                return
        if value is None and "u" in self._state.options and part.name not in ("@", "*") and not part.operator:
            raise ShellError(f"{part.name}: parameter not set")
        self._add(fields, await self._modified(part, value or ""), part.quoted, splits)

    def _all_positional(self, part: Parameter, fields: "_Fields", splits: bool) -> None:
        positional = self._state.positional
        if part.name == "*" and part.quoted:
            separator = self._state.variables.get("IFS", " \t\n")[:1]
            fields.add(separator.join(positional), True)
            return
        for index, value in enumerate(positional):
            if index:
                fields.break_field()
            self._add(fields, value, part.quoted, splits)

    async def _replacement(self, part: Parameter, fields: "_Fields", splits: bool) -> None:
        match part.operator[-1]:
            case "=":
                value = await self.text(part.word)
                self._state.set(part.name, value)
                self._add(fields, value, part.quoted, splits)
            case "?":
                text = await self.text(part.word) or "parameter not set"
                raise ShellError(f"{part.name}: {text}")
            case _:
                for index, pieces in enumerate(await self._fields(part.word, splits=splits)):
                    if index:
                        fields.break_field()
                    for text, quoted in pieces:
                        self._add(fields, text, quoted or part.quoted, splits)

    async def _modified(self, part: Parameter, value: str) -> str:
        match part.operator:
            case "length":
                return str(len(self._state.positional) if part.name in ("@", "*") else len(value))
            case "#" | "##":
                segments = await self.pattern(part.word)
                return patterns.without_prefix(value, segments, longest=part.operator == "##")
            case "%" | "%%":
                segments = await self.pattern(part.word)
                return patterns.without_suffix(value, segments, longest=part.operator == "%%")
        return value

    # Patterns

    def _names(self, pieces: Field) -> list[str]:
        text = "".join(text for text, _ in pieces)
        segments = tuple(pieces)
        if "f" in self._state.options or not patterns.has_pattern(segments):
            return [text]
        return matching_names(self._state.host.files, self._state.cwd, segments) or [text]


class _Fields:
    """Fields while they are put together."""

    def __init__(self, separators: str) -> None:
        self._blanks = "".join(character for character in separators if character in " \t\n")
        self._separators = separators
        self._done: list[Field] = []
        self._current: Field | None = None

    def add(self, text: str, quoted: bool) -> None:
        if self._current is None:
            self._current = []
        self._current.append((text, quoted))

    def break_field(self) -> None:
        if self._current is not None:
            self._done.append(self._current)
        self._current = None

    def split(self, text: str) -> None:
        """Add unquoted text, broken where the separators of IFS say."""
        start, position = 0, 0
        while position < len(text):
            character = text[position]
            if character not in self._separators:
                position += 1
                continue
            if position > start:
                self.add(text[start:position], False)
            end = position
            while end < len(text) and text[end] in self._blanks:
                end += 1
            if end < len(text) and text[end] in self._separators:
                if self._current is None:
                    self.add("", False)
                end += 1
                while end < len(text) and text[end] in self._blanks:
                    end += 1
            self.break_field()
            start = position = end
        if start < len(text):
            self.add(text[start:], False)

    def finish(self) -> list[Field]:
        self.break_field()
        return self._done


def matching_names(files: FileSystem, cwd: str, segments: patterns.Segments) -> list[str]:
    """The sorted names on a host that a pattern matches."""
    components: list[list[tuple[str, bool]]] = [[]]
    for text, quoted in segments:
        for index, piece in enumerate(text.split("/")):
            if index:
                components.append([])
            if piece:
                components[-1].append((piece, quoted))
    is_absolute = not components[0] and len(components) > 1
    found = ["/"] if is_absolute else [""]
    for index, component in enumerate(components[1:] if is_absolute else components):
        is_last = index == len(components) - (2 if is_absolute else 1)
        found = [name for prefix in found for name in _next_names(files, cwd, prefix, tuple(component), is_last)]
    return sorted(found)


def _next_names(files: FileSystem, cwd: str, prefix: str, component: patterns.Segments, is_last: bool) -> list[str]:
    directory = posixpath.join(cwd, prefix)
    end = "" if is_last else "/"
    if not component:
        return [prefix if prefix.endswith("/") else prefix + "/"]
    if not patterns.has_pattern(component):
        name = "".join(text for text, _ in component)
        return [prefix + name + end] if files.exists(posixpath.join(directory, name)) else []
    try:
        names = files.names(directory)
    except OSError:
        return []
    hidden = component[0][0].startswith(".")
    chosen = [name for name in names if (hidden or not name.startswith(".")) and patterns.matches(component, name)]
    return [prefix + name + end for name in chosen if is_last or files.is_directory(posixpath.join(directory, name))]
