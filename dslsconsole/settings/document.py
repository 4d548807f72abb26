"""YAML as plain data, with the line and column of every key and value.

Built from PyYAML's events instead of its constructors: no tag makes an object, every alias and every level of nesting
is counted before it costs anything, and plain scalars are read by the few rules of YAML 1.2 (`yes` and `on` as keys,
`08`, `12:30` and dates stay text).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from dslsconsole.settings.findings import Key, Position, dotted, quoted

DEEPEST = 32
_TOO_DEEP = f"more than {DEEPEST} levels inside each other; an estate needs about eight"
MOST_VALUES = 100_000
"""Values of a document with its aliases written out. An estate of a thousand nodes has about ten thousand."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class NotReadable(Exception):  # noqa: N818 - a finding in the making, never shown by its class name
    """A document that can't be read on: where, at which key, and why."""

    def __init__(self, position: Position, text: str, key: Key = ()) -> None:
        super().__init__(text)
        self.position = position
        self.text = text
        self.key = key


class _Mark(Protocol):
    """What PyYAML and its C parser both say of a place; counted from 0."""

    line: int
    column: int


@dataclass
class Document:
    """The data of a YAML document: dictionaries with text keys, lists, text, numbers, truth values and None."""

    data: object = None
    keys: dict[Key, Position] = field(default_factory=dict)
    """Where the key of each mapping entry stands."""
    values: dict[Key, Position] = field(default_factory=dict)
    """Where each value starts."""
    duplicates: list[tuple[Key, Position, Position]] = field(default_factory=list)
    """Keys given twice: the key, where it stands again, where it stood first."""

    def place_of_value(self, key: Key) -> Position:
        """Where the value stands; where it is missing, the nearest thing above it."""
        return self._nearest(key, self.values, self.keys)

    def place_of_key(self, key: Key) -> Position:
        """Where the key stands; where it is missing, the nearest thing above it."""
        return self._nearest(key, self.keys, self.values)

    def _nearest(self, key: Key, first: dict[Key, Position], then: dict[Key, Position]) -> Position:
        for length in range(len(key), 0, -1):
            part = key[:length]
            # A missing key is looked for at the key of the mapping that lacks it, not at its first entry.
            places = (first, then) if length == len(key) else (self.keys, self.values)
            for place in places:
                if part in place:
                    return place[part]
        return self.values.get((), Position())


def decode(raw: bytes) -> str:
    """The text of a file.

    Raises:
        NotReadable: it is not UTF-8, or holds characters that YAML does not allow; with the first one's position.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        raise NotReadable(
            _end_of(before), f"the byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from None
    if match := _FORBIDDEN.search(text):
        raise NotReadable(
            _end_of(text[: match.start()]),
            f"the control character U+{ord(match[0]):04X} is not allowed in YAML; remove it",
        )
    return text


def _end_of(text: str) -> Position:
    return Position(text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1)


def parse(text: str) -> Document:
    """The document that the text holds.

    Raises:
        NotReadable: it is no YAML, has more than one document, tags, too much nesting or too many aliases, or
            aliases of what they are in.
    """
    document = Document()
    try:
        tree = _Tree(yaml.parse(text, Loader=_LOADER)).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotReadable(_position(mark), f"this is not YAML: {_sentence(error)}") from None
    except yaml.YAMLError as error:
        raise NotReadable(Position(), f"this is not YAML: {quoted(error)}") from None
    if tree is not None:
        document.data = _Writing(document).value(tree, ())
    return document


def _sentence(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it can't be read"
    if "nesting depth" in problem:
        # PyYAML since 6.0.4 bounds its scanner, which reads ahead of the events that are counted here.
        return _TOO_DEEP
    if "cannot start any token" in problem:
        return f"{problem}; tabs can't indent, and a value that starts with a special character needs quotes"
    if "mapping values are not allowed" in problem:
        return f"{problem}; check the indentation, and quote a value that holds “: ”"
    return f"{problem}; check the indentation, brackets and quotes here and above"


def _position(mark: _Mark | None) -> Position:
    return Position() if mark is None else Position(mark.line + 1, mark.column + 1)


@dataclass
class _Branch:
    """One value as it is written: its parts are branches, text or a plain value."""

    at: Position
    leaf: object = None
    entries: list[tuple[str, Position, "_Branch", bool]] | None = None
    """Key, where it stands, its value, and whether it is the merge key."""
    items: list["_Branch"] | None = None
    size: int = 1
    """Values in it with aliases written out."""
    height: int = 1
    """Levels in it with aliases written out."""


class _Tree:
    """Makes branches of PyYAML's events. Depth and size are bounded while reading."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, _Branch | None] = {}
        self._depth = 0

    def read(self) -> _Branch | None:
        tree: _Branch | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise NotReadable(
                        _position(event.start_mark), "a second document starts here; one file, one estate"
                    )
            elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent, yaml.AliasEvent)):
                tree = self._branch(event)
        return tree

    def _branch(self, event: yaml.Event) -> _Branch:
        at = _position(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, at)
        assert isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent))
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            raise NotReadable(at, f"the tag {quoted(event.tag)} is not understood; write the plain value")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and event.tag is None
            branch = _Branch(at, leaf=_plain(event.value) if plain else event.value)
        else:
            branch = self._collection(event, at)
        if event.anchor is not None:
            self._anchors[event.anchor] = branch
        return branch

    def _alias(self, event: yaml.AliasEvent, at: Position) -> _Branch:
        if event.anchor not in self._anchors:
            raise NotReadable(at, f"the alias *{quoted(event.anchor)} has no anchor above it")
        branch = self._anchors[event.anchor]
        if branch is None:
            raise NotReadable(at, f"the alias *{quoted(event.anchor)} stands inside what it names; write it out")
        return branch

    def _collection(self, event: yaml.CollectionStartEvent, at: Position) -> _Branch:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotReadable(at, _TOO_DEEP)
        branch = _Branch(at)
        if isinstance(event, yaml.MappingStartEvent):
            branch.entries = list(self._entries(branch))
        else:
            branch.items = list(self._items(branch))
        self._depth -= 1
        return branch

    def _items(self, into: _Branch) -> Iterator[_Branch]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item = self._branch(event)
            self._count(into, item)
            yield item

    def _entries(self, into: _Branch) -> Iterator[tuple[str, Position, _Branch, bool]]:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            at = _position(event.start_mark)
            if not isinstance(event, yaml.ScalarEvent):
                raise NotReadable(at, "a key must be plain text, not a list, a mapping or an alias")
            merge = event.value == "<<" and event.implicit[0]
            value = self._branch(next(self._events))
            self._count(into, value)
            yield event.value, at, value, merge

    def _count(self, into: _Branch, part: _Branch) -> None:
        into.size += part.size
        into.height = max(into.height, part.height + 1)
        if into.height > DEEPEST:
            raise NotReadable(part.at, f"more than {DEEPEST} levels with the aliases written out; use fewer aliases")
        if into.size > MOST_VALUES:
            raise NotReadable(
                part.at, f"more than {MOST_VALUES} values with the aliases written out; use fewer aliases of aliases"
            )


class _Writing:
    """Writes branches out as plain data, and notes where everything stands."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def value(self, branch: _Branch, key: Key) -> object:
        self._document.values[key] = branch.at
        if branch.entries is not None:
            return self._mapping(branch, key)
        if branch.items is not None:
            return [self.value(item, (*key, number)) for number, item in enumerate(branch.items)]
        return branch.leaf

    def _mapping(self, branch: _Branch, key: Key) -> dict[str, object]:
        made: dict[str, object] = {}
        for name, at, value, merge in branch.entries or ():
            if merge:
                continue
            inner = (*key, name)
            if name in made:
                self._document.duplicates.append((inner, at, self._document.keys[inner]))
                continue
            self._document.keys[inner] = at
            made[name] = self.value(value, inner)
        for _name, at, value, merge in branch.entries or ():
            if merge:
                self._merge(value, at, key, made)
        return made

    def _merge(self, value: _Branch, at: Position, key: Key, made: dict[str, object]) -> None:
        """Add the entries that `<<` names and that the mapping does not give itself."""
        for source in value.items if value.items is not None else [value]:
            if source.entries is None:
                raise NotReadable(at, f"<< in {dotted(key)} must name a mapping, or a list of mappings")
            for name, name_at, inner, merge in source.entries:
                if merge:
                    self._merge(inner, name_at, key, made)
                elif name not in made:
                    self._document.keys[(*key, name)] = name_at
                    made[name] = self.value(inner, (*key, name))


def _plain(text: str) -> object:
    """What a scalar without quotes says."""
    if text in _WORDS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text
