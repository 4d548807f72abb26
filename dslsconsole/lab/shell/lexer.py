"""Reads a script's characters into words and operators (POSIX.1-2024, Shell Command Language, 2.2 and 2.3)."""

import re
from collections.abc import Callable

from dslsconsole.lab.shell.tree import Arithmetic, HereDocument, Literal, Parameter, Part, Script, Substitution, Word

_OPERATORS = ("<<-", "&&", "||", ";;", "<<", ">>", "<&", ">&", "<>", ">|", "|", "&", ";", "<", ">", "(", ")")
_ENDS_WORD = frozenset(" \t\n|&;<>()")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_SHORT_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_PLAIN = re.compile(r"[^\\'\"$` \t\n|&;<>()]+")
_PLAIN_IN_QUOTES = re.compile(r"[^\\\"$`]+")
_OPERATOR_OF_PARAMETER = re.compile(r":?[-=?+]|%%?|##?")


class ScriptError(Exception):
    """A script that can't be read: line and what is wrong."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


class UnfinishedError(ScriptError):
    """The script ends in the middle of a command: more lines may complete it."""


Token = Word | str
"""A word, an operator, "\\n" for the end of a line, "" for the end of the script."""


class Lexer:
    """Gives the tokens of a script one after another."""

    def __init__(self, text: str, position: int = 0, *, parse: Callable[[str, int], tuple[Script, int]]) -> None:
        """`parse` reads the commands of a `$( )` from a position and returns them with the position of its `)`."""
        self.text = text
        self.position = position
        self._parse = parse
        self.pending: list[HereDocument] = []

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.position) + 1

    def fault(self, text: str) -> ScriptError:
        return ScriptError(self.line, text)

    def unfinished(self, text: str) -> UnfinishedError:
        return UnfinishedError(self.line, text)

    # Tokens

    def skip_blanks(self) -> None:
        text = self.text
        while self.position < len(text):
            character = text[self.position]
            if character in " \t":
                self.position += 1
            elif text.startswith("\\\n", self.position):
                self.position += 2
            elif character == "#":
                end = text.find("\n", self.position)
                self.position = len(text) if end < 0 else end
            else:
                return

    def next(self) -> Token:
        """The next token."""
        self.skip_blanks()
        if self.position >= len(self.text):
            if self.pending:
                self._read_here_documents()
            return ""
        if self.text[self.position] == "\n":
            self.position += 1
            if self.pending:
                self._read_here_documents()
            return "\n"
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.position):
                self.position += len(operator)
                return operator
        return self.word()

    def at_redirection(self) -> bool:
        """Whether the next character is `<` or `>`, so that a number before it is a descriptor."""
        return self.position < len(self.text) and self.text[self.position] in "<>"

    def word(self) -> Word:
        """One word, up to a blank or an operator."""
        parts: list[Part] = []
        while self.position < len(self.text) and self.text[self.position] not in _ENDS_WORD:
            self._unquoted(parts)
        return Word(_joined(parts))

    def _unquoted(self, parts: list[Part]) -> None:
        character = self.text[self.position]
        if character == "\\":
            self._escape(parts)
        elif character == "'":
            parts.append(Literal(self._single_quoted(), True))
        elif character == '"':
            self.position += 1
            self._double_quoted(parts, '"')
        elif character == "$":
            self._dollar(parts, quoted=False)
        elif character == "`":
            parts.append(Substitution(self._backquoted(quoted=False), False))
        else:
            match = _PLAIN.match(self.text, self.position)
            plain = match[0] if match else character
            self.position += len(plain)
            parts.append(Literal(plain, False))

    # Quoting

    def _escape(self, parts: list[Part]) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        self.position += 1 + len(following)
        if following != "\n":
            parts.append(Literal(following or "\\", True))

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise self.unfinished("Unterminated quoted string")
        quoted = self.text[self.position + 1 : end]
        self.position = end + 1
        return quoted

    def _double_quoted(self, parts: list[Part], end: str) -> None:
        """Parts up to a closing character; "" reads to the end of the text, as in here-documents."""
        count = len(parts)
        while True:
            if self.position >= len(self.text):
                if end:
                    raise self.unfinished("Unterminated quoted string")
                break
            character = self.text[self.position]
            if character == end:
                self.position += 1
                break
            self._quoted_part(parts, character, end)
        if len(parts) == count:
            parts.append(Literal("", True))

    def _quoted_part(self, parts: list[Part], character: str, end: str) -> None:
        if character == "\\":
            following = self.text[self.position + 1 : self.position + 2]
            self.position += 1 + len(following)
            if following in tuple('$`\\"}') and (following != '"' or end == '"') and (following != "}" or end == "}"):
                parts.append(Literal(following, True))
            elif following != "\n":
                parts.append(Literal("\\" + following, True))
        elif character == "$":
            self._dollar(parts, quoted=True)
        elif character == "`":
            parts.append(Substitution(self._backquoted(quoted=True), True))
        elif character == '"' and end == "}":
            self.position += 1
            self._double_quoted(parts, '"')
        else:
            match = _PLAIN_IN_QUOTES.match(self.text, self.position)
            plain = match[0] if match else character
            if end == "}":
                plain = plain.partition("}")[0] or character
            self.position += len(plain)
            parts.append(Literal(plain, True))

    def _backquoted(self, *, quoted: bool) -> Script:
        inner: list[str] = []
        position = self.position + 1
        while position < len(self.text) and self.text[position] != "`":
            if self.text[position] == "\\" and position + 1 < len(self.text):
                following = self.text[position + 1]
                escapes = following in "$`\\" or (quoted and following == '"')
                inner.append(following if escapes else "\\" + following)
                position += 2
            else:
                inner.append(self.text[position])
                position += 1
        if position >= len(self.text):
            raise self.unfinished("EOF in backquote substitution")
        self.position = position + 1
        script, _ = self._parse("".join(inner) + "\n)", 0)
        return script

    # Expansions

    def _dollar(self, parts: list[Part], *, quoted: bool) -> None:
        text, start = self.text, self.position + 1
        if text.startswith("((", start) and (end := self._end_of_arithmetic(start + 2)) is not None:
            inner = Lexer(text[start + 2 : end], parse=self._parse)
            expression: list[Part] = []
            inner._double_quoted(expression, "")
            self.position = end + 2
            parts.append(Arithmetic(Word(_joined(expression)), quoted))
        elif text.startswith("(", start):
            script, end = self._parse(text, start + 1)
            self.position = end + 1
            parts.append(Substitution(script, quoted))
        elif text.startswith("{", start):
            self.position = start + 1
            parts.append(self._braced(quoted))
        elif match := _SHORT_PARAMETER.match(text, start):
            self.position = match.end()
            parts.append(Parameter(match[0], "", Word(()), quoted))
        else:
            self.position = start
            parts.append(Literal("$", quoted))

    def _end_of_arithmetic(self, start: int) -> int | None:
        depth, position = 0, start
        while position < len(self.text):
            character = self.text[position]
            if character == "(":
                depth += 1
            elif character == ")":
                if depth == 0:
                    return position if self.text.startswith("))", position) else None
                depth -= 1
            position += 1
        return None

    def _braced(self, quoted: bool) -> Parameter:
        text = self.text
        if text.startswith("#", self.position) and not re.match(r"#(}|[:]?[-=?+])", text[self.position :]):
            match = _PARAMETER.match(text, self.position + 1)
            if match is None or not text.startswith("}", match.end()):
                raise self.fault("Bad substitution")
            self.position = match.end() + 1
            return Parameter(match[0], "length", Word(()), quoted)
        match = _PARAMETER.match(text, self.position)
        if match is None:
            raise self.fault("Bad substitution")
        self.position = match.end()
        if text.startswith("}", self.position):
            self.position += 1
            return Parameter(match[0], "", Word(()), quoted)
        operator = _OPERATOR_OF_PARAMETER.match(text, self.position)
        if operator is None:
            raise self.unfinished("Missing '}'") if self.position >= len(text) else self.fault("Bad substitution")
        self.position = operator.end()
        return Parameter(match[0], operator[0], self._word_in_braces(quoted and operator[0][0] not in "%#"), quoted)

    def _word_in_braces(self, quoted: bool) -> Word:
        parts: list[Part] = []
        if quoted:
            self._double_quoted(parts, "}")
            return Word(_joined(parts))
        while True:
            if self.position >= len(self.text):
                raise self.unfinished("Missing '}'")
            character = self.text[self.position]
            if character == "}":
                self.position += 1
                return Word(_joined(parts))
            if character in _ENDS_WORD:
                parts.append(Literal(character, False))
                self.position += 1
            elif character in "\\'\"$`":
                self._unquoted(parts)
            else:
                match = _PLAIN.match(self.text, self.position)
                plain = (match[0] if match else character).partition("}")[0]
                parts.append(Literal(plain, False))
                self.position += len(plain)

    # Here-documents

    def _read_here_documents(self) -> None:
        for document in self.pending:
            document.text = self._here_document(document)
        self.pending = []

    def _here_document(self, document: HereDocument) -> Word:
        end, lines = document.delimiter.unquoted, []
        while self.position < len(self.text):
            newline = self.text.find("\n", self.position)
            stop = len(self.text) if newline < 0 else newline + 1
            line = self.text[self.position : stop]
            self.position = stop
            if document.strips_tabs:
                line = line.lstrip("\t")
            if line.removesuffix("\n") == end:
                break
            lines.append(line)
        else:
            raise self.unfinished("here-document delimited by the end of the script")
        text = "".join(lines)
        if document.delimiter.is_quoted:
            return Word((Literal(text, True),))
        parts: list[Part] = []
        Lexer(text, parse=self._parse)._double_quoted(parts, "")
        return Word(_joined(parts))


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """The parts with neighbouring literals of one kind put together."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Literal) and isinstance(last, Literal) and part.quoted == last.quoted:
            joined[-1] = Literal(last.text + part.text, part.quoted)
        else:
            joined.append(part)
    return tuple(joined)
