"""Reads commands from tokens (POSIX.1-2024, Shell Command Language, 2.9 and 2.10)."""

import re
from functools import lru_cache

from dslsconsole.lab.shell.lexer import Lexer, ScriptError, Token
from dslsconsole.lab.shell.tree import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    HereDocument,
    If,
    Literal,
    Loop,
    Pipeline,
    Redirected,
    Redirection,
    Script,
    Simple,
    Subshell,
    Word,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_REDIRECTIONS = frozenset(("<", ">", ">>", "<<", "<<-", "<&", ">&", "<>", ">|"))
_CLOSING = frozenset(("then", "else", "elif", "fi", "do", "done", "esac", "}"))
_LONGEST_SCRIPT = 1 << 20
_DEEPEST = 60


@lru_cache(maxsize=256)
def parse(text: str) -> Script:
    """The commands of a script.

    Raises:
        ScriptError: it is no shell script; `UnfinishedError` where it ends too early.
    """
    if len(text) > _LONGEST_SCRIPT:
        raise ScriptError(1, "the script is too long")
    parser = _Parser(text, 0, 0)
    script = parser.script()
    parser.expect("")
    return script


class _Parser:
    def __init__(self, text: str, position: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise ScriptError(1, "nested too deeply")
        self._depth = depth
        self._lexer = Lexer(text, position, parse=self._substitution)
        self._token: Token | None = None
        self._start = position

    def _substitution(self, text: str, position: int) -> tuple[Script, int]:
        parser = _Parser(text, position, self._depth + 1)
        script = parser.script()
        parser.expect(")")
        return script, parser._start

    # Tokens

    @property
    def token(self) -> Token:
        if self._token is None:
            self._lexer.skip_blanks()
            self._start = self._lexer.position
            self._token = self._lexer.next()
        return self._token

    def _advance(self) -> Token:
        token = self.token
        self._token = None
        return token

    def _reserved(self) -> str | None:
        token = self.token
        return token.plain if isinstance(token, Word) else None

    def _unexpected(self, wanted: str = "") -> ScriptError:
        token = self.token
        shown = "end of file" if token == "" else "newline" if token == "\n" else None
        if shown is None:
            shown = f'"{token}"' if isinstance(token, str) else f'"{token.unquoted}"' if token.unquoted else "word"
        text = f"Syntax error: {shown} unexpected" + (f' (expecting "{wanted}")' if wanted else "")
        return self._lexer.unfinished(text) if token == "" else self._lexer.fault(text)

    def expect(self, operator: str) -> None:
        """Raise unless the next token is this operator; "" is the end of the script."""
        if self.token != operator:
            raise self._unexpected(operator)

    def _take_reserved(self, word: str) -> None:
        if self._reserved() != word:
            raise self._unexpected(word)
        self._advance()

    def _skip_newlines(self) -> None:
        while self.token == "\n":
            self._advance()

    # Lists

    def script(self) -> Script:
        """Commands up to the end of the script, a closing word or a closing operator."""
        items: list[AndOr] = []
        self._skip_newlines()
        while self.token not in ("", ")", ";;") and self._reserved() not in _CLOSING:
            pipelines = self._and_or()
            background = self.token == "&"
            items.append(AndOr(pipelines, background))
            if self.token in (";", "&", "\n"):
                self._advance()
                self._skip_newlines()
            else:
                break
        return Script(tuple(items))

    def _body(self) -> Script:
        script = self.script()
        if not script.items:
            raise self._unexpected()
        return script

    def _and_or(self) -> tuple[tuple[str, Pipeline], ...]:
        pipelines = [("", self._pipeline())]
        while isinstance(operator := self.token, str) and operator in ("&&", "||"):
            self._advance()
            self._skip_newlines()
            pipelines.append((operator, self._pipeline()))
        return tuple(pipelines)

    def _pipeline(self) -> Pipeline:
        inverted = False
        while self._reserved() == "!":
            self._advance()
            inverted = not inverted
        commands = [self._command()]
        while self.token == "|":
            self._advance()
            self._skip_newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), inverted)

    # Commands

    def _command(self) -> Command:
        line = self._lexer.line
        compound = self._compound()
        if compound is None:
            return self._simple()
        redirections = []
        while (redirection := self._redirection()) is not None:
            redirections.append(redirection)
        return Redirected(compound, tuple(redirections), line) if redirections else compound

    def _compound(self) -> Command | None:
        if self.token == "(":
            self._advance()
            body = self._body()
            self.expect(")")
            self._advance()
            return Subshell(body)
        match self._reserved():
            case "{":
                self._advance()
                body = self._body()
                self._take_reserved("}")
                return Group(body)
            case "if":
                return self._if()
            case "while" | "until" as word:
                self._advance()
                condition = self._body()
                return Loop(condition, self._do_group(), word == "until")
            case "for":
                return self._for()
            case "case":
                return self._case()
            case word if word in _CLOSING:
                raise self._unexpected()
        return None

    def _do_group(self) -> Script:
        self._take_reserved("do")
        body = self._body()
        self._take_reserved("done")
        return body

    def _if(self) -> If:
        branches = []
        otherwise = None
        while self._reserved() in ("if", "elif"):
            self._advance()
            condition = self._body()
            self._take_reserved("then")
            branches.append((condition, self._body()))
        if self._reserved() == "else":
            self._advance()
            otherwise = self._body()
        self._take_reserved("fi")
        return If(tuple(branches), otherwise)

    def _for(self) -> For:
        self._advance()
        name = self._reserved()
        if name is None or not _NAME.fullmatch(name):
            raise self._lexer.fault("Syntax error: Bad for loop variable")
        self._advance()
        words: list[Word] | None = None
        self._skip_newlines()
        if self._reserved() == "in":
            self._advance()
            words = []
            while isinstance(token := self.token, Word):
                words.append(token)
                self._advance()
        if self.token == ";":
            self._advance()
        self._skip_newlines()
        return For(name, None if words is None else tuple(words), self._do_group())

    def _case(self) -> Case:
        self._advance()
        subject = self._advance()
        if not isinstance(subject, Word):
            raise self._unexpected("word")
        self._skip_newlines()
        self._take_reserved("in")
        self._skip_newlines()
        branches = []
        while self._reserved() != "esac":
            patterns = self._patterns()
            body = self.script()
            branches.append((patterns, body))
            self._skip_newlines()
            if self.token == ";;":
                self._advance()
                self._skip_newlines()
            elif self._reserved() != "esac":
                raise self._unexpected(";;")
        self._advance()
        return Case(subject, tuple(branches))

    def _patterns(self) -> tuple[Word, ...]:
        if self.token == "(":
            self._advance()
        patterns = []
        while True:
            pattern = self.token
            if not isinstance(pattern, Word):
                raise self._unexpected()
            patterns.append(pattern)
            self._advance()
            if self.token != "|":
                break
            self._advance()
        self.expect(")")
        self._advance()
        return tuple(patterns)

    # Simple commands and redirections

    def _simple(self) -> Command:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        line = self._lexer.line
        while True:
            if (redirection := self._redirection()) is not None:
                redirections.append(redirection)
                continue
            token = self.token
            if not isinstance(token, Word):
                break
            self._advance()
            if not words and (assignment := _assignment(token)) is not None:
                assignments.append(assignment)
                continue
            words.append(token)
            if len(words) == 1 and not assignments and not redirections and self.token == "(":
                return self._function(token)
        if not words and not assignments and not redirections:
            raise self._unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirections), line)

    def _function(self, word: Word) -> Function:
        name = word.plain
        if name is None or not _FUNCTION_NAME.fullmatch(name):
            raise self._lexer.fault("Syntax error: Bad function name")
        self._advance()
        self.expect(")")
        self._advance()
        self._skip_newlines()
        return Function(name, self._command())

    def _redirection(self) -> Redirection | None:
        token = self.token
        descriptor = None
        if isinstance(token, Word):
            plain = token.plain
            if plain is None or not plain.isdigit() or not self._lexer.at_redirection():
                return None
            descriptor = int(plain)
            self._advance()
        operator = self.token
        if not isinstance(operator, str) or operator not in _REDIRECTIONS:
            return None
        self._advance()
        target = self.token
        if not isinstance(target, Word):
            raise self._unexpected()
        if descriptor is None:
            descriptor = 0 if operator.startswith("<") else 1
        if operator.startswith("<<"):
            document = HereDocument(target, operator == "<<-")
            self._lexer.pending.append(document)
            self._advance()
            return Redirection(descriptor, "<<", target, document)
        self._advance()
        return Redirection(descriptor, operator, target)


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word.parts[0] if word.parts else None
    if not isinstance(first, Literal) or first.quoted:
        return None
    match = _ASSIGNMENT.match(first.text)
    if match is None:
        return None
    rest = first.text[match.end() :]
    return match[1], Word((*((Literal(rest, False),) if rest else ()), *word.parts[1:]))
