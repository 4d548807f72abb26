"""What a script is, once read: words made of parts, and commands made of words."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """Text as it stands; quoted text is neither split nor a pattern."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name` or `${name}`, with an operator such as `:-`, `%%` or `length`."""

    name: str
    operator: str
    word: "Word"
    quoted: bool


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$( )` or backquotes."""

    script: "Script"
    quoted: bool


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`$(( ))`."""

    expression: "Word"
    quoted: bool


Part: TypeAlias = Literal | Parameter | Substitution | Arithmetic


@dataclass(frozen=True, slots=True)
class Word:
    """One word before its expansion."""

    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """The text of a word that is one unquoted literal, as reserved words and names must be."""
        if len(self.parts) == 1 and isinstance(part := self.parts[0], Literal) and not part.quoted:
            return part.text
        return None

    @property
    def unquoted(self) -> str:
        """The text without its quotes, as the delimiter of a here-document is read."""
        return "".join(part.text for part in self.parts if isinstance(part, Literal))

    @property
    def is_quoted(self) -> bool:
        return any(isinstance(part, Literal) and part.quoted for part in self.parts)


@dataclass(slots=True)
class HereDocument:
    """A here-document. Its text follows on the next lines, so it is filled in once those are read."""

    delimiter: Word
    strips_tabs: bool
    text: Word = Word(())


@dataclass(frozen=True, slots=True)
class Redirection:
    """`2>file`, `<&-`, `<<END` …"""

    descriptor: int
    operator: str
    target: Word
    document: HereDocument | None = None


@dataclass(frozen=True, slots=True)
class Simple:
    """Assignments, a command with its arguments, or only redirections."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Group:
    """`{ … }`."""

    body: "Script"


@dataclass(frozen=True, slots=True)
class Subshell:
    """`( … )`."""

    body: "Script"


@dataclass(frozen=True, slots=True)
class If:
    """Conditions with their bodies, and what runs otherwise."""

    branches: tuple[tuple["Script", "Script"], ...]
    otherwise: "Script | None"


@dataclass(frozen=True, slots=True)
class Loop:
    """`while`, or `until` where `until` is set."""

    condition: "Script"
    body: "Script"
    until: bool


@dataclass(frozen=True, slots=True)
class For:
    """`for name in words`; without words over the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: "Script"


@dataclass(frozen=True, slots=True)
class Case:
    """`case word in pattern) … ;; esac`."""

    subject: Word
    branches: tuple[tuple[tuple[Word, ...], "Script"], ...]


@dataclass(frozen=True, slots=True)
class Function:
    """`name() command`."""

    name: str
    body: "Command"


@dataclass(frozen=True, slots=True)
class Redirected:
    """A compound command with redirections."""

    command: "Command"
    redirections: tuple[Redirection, ...]
    line: int


Command: TypeAlias = Simple | Group | Subshell | If | Loop | For | Case | Function | Redirected


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by `|`; `!` inverts the status."""

    commands: tuple[Command, ...]
    inverted: bool


@dataclass(frozen=True, slots=True)
class AndOr:
    """Pipelines joined by `&&` and `||`; the first has no operator."""

    pipelines: tuple[tuple[str, Pipeline], ...]
    background: bool


@dataclass(frozen=True, slots=True)
class Script:
    """Commands that run one after another."""

    items: tuple[AndOr, ...]
