"""haproxy.cfg, as far as it decides who is served, when a failure is seen, and who may change that.

Read once, here: `defaults` and `default-server` are already applied to what comes out. Conditions (`.if`) are not
evaluated; a file that has some is not read at all, since half of it would be a guess.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.haproxy.words import number_of, seconds_of, words_of

MOST_LINES = 20_000
MOST_INHERITED = 200_000
"""Lines of all sections together, each with the defaults that hold for it: a file may be small and yet take minutes."""
INTER_S, FALL, RISE = 2.0, 3, 2
"""HAProxy's own defaults (configuration manual, 5.2)."""
_SECTION_NAMES = """
    global defaults frontend backend listen userlist resolvers peers mailers cache program ring http-errors fcgi-app
    log-forward traces log-profile crt-store acme healthcheck
"""
_SECTIONS = frozenset(_SECTION_NAMES.split())
_PROXIES = frozenset({"frontend", "backend", "listen"})
_TAKES_ONE_NAMES = """
    port addr inter fastinter downinter rise fall weight on-marked-down on-marked-up on-error observe error-limit
    maxconn maxqueue minconn slowstart cookie source sni ca-file crt verify resolvers init-addr track agent-port
    agent-addr id agent-inter agent-send check-sni check-alpn check-proto alpn proto pool-max-conn ssl-min-ver
"""
_TAKES_ONE = frozenset(_TAKES_ONE_NAMES.split())
"""Keywords of a server line that take a value."""


class Check(StrEnum):
    """What a backend's health checks ask."""

    CONNECT = "connect"
    """Whether the port takes connections, and no more."""
    SEND_ONLY = "send"
    """Something is sent, and no answer is looked at."""
    ANSWER = "answer"
    """An answer is looked at."""


class StatsSocket(Struct, frozen=True):
    """One `stats socket` line."""

    path: str
    level: str = "operator"
    mode: int | None = None
    """Permission bits; None where the line names none."""


class Bind(Struct, frozen=True):
    """One address that a proxy listens on; `*` is every one."""

    address: str
    port: int | None
    tls: bool = False
    transparent: bool = False

    @property
    def is_local(self) -> bool:
        """Only programs of the host itself reach it."""
        return self.address in ("localhost", "::1") or self.address.startswith(("127.", "/", "unix@", "abns@"))


class Server(Struct, frozen=True):
    """One `server` line, with what `default-server` gives it."""

    name: str
    host: str
    port: int | None
    words: Mapping[str, str]
    """Every other keyword, with its value or ""."""

    @property
    def checked(self) -> bool:
        return "check" in self.words

    @property
    def backup(self) -> bool:
        return "backup" in self.words

    @property
    def ends_sessions(self) -> bool:
        """Whether sessions end when the server is marked down."""
        return self.words.get("on-marked-down") == "shutdown-sessions"

    @property
    def inter_s(self) -> float | None:
        """Seconds between checks; None where the file's value is no time."""
        return seconds_of(self.words["inter"]) if "inter" in self.words else INTER_S

    @property
    def fastinter_s(self) -> float | None:
        """Seconds between checks while a server is neither surely up nor surely down."""
        return seconds_of(self.words["fastinter"]) if "fastinter" in self.words else self.inter_s

    @property
    def downinter_s(self) -> float | None:
        """Seconds between checks while a server is surely down."""
        return seconds_of(self.words["downinter"]) if "downinter" in self.words else self.inter_s

    @property
    def fall(self) -> int | None:
        return number_of(self.words["fall"]) if "fall" in self.words else FALL

    @property
    def rise(self) -> int | None:
        return number_of(self.words["rise"]) if "rise" in self.words else RISE


class Proxy(Struct, frozen=True):
    """A frontend, backend or listen section, with the defaults that hold for it."""

    kind: str
    name: str
    mode: str = "tcp"
    binds: tuple[Bind, ...] = ()
    servers: tuple[Server, ...] = ()
    check: Check = Check.CONNECT
    options: frozenset[str] = frozenset()
    timeouts: Mapping[str, float | None] = {}
    """Seconds by name; None where the file's value is no time."""
    uses: tuple[str, ...] = ()
    """Backends that it sends to by `default_backend` and `use_backend`."""
    stats: bool = False
    stats_admin: str | None = None
    """The condition after `stats admin`, such as `if TRUE`."""
    stats_auth: bool = False
    state_from_file: bool = False
    """Whether a reload takes over what was set at run time."""

    def server(self, name: str) -> Server | None:
        return next((server for server in self.servers if server.name == name), None)


class HaproxyConfig(Struct, frozen=True):
    """What one host's haproxy.cfg says."""

    sockets: tuple[StatsSocket, ...] = ()
    proxies: tuple[Proxy, ...] = ()
    state_file: bool = False

    def backend(self, name: str) -> Proxy | None:
        """The backend, or the listen section that is one."""
        return next((one for one in self.proxies if one.name == name and one.kind in ("backend", "listen")), None)

    def frontends(self, backend: str) -> tuple[Proxy, ...]:
        """The sections by which clients come to a backend."""
        return tuple(
            one
            for one in self.proxies
            if one.binds and (backend in one.uses or (one.kind == "listen" and one.name == backend))
        )


Lines = list[tuple[str, ...]]


class _Section(Struct, frozen=True):
    kind: str
    name: str
    inherits: str | None
    lines: Lines


def parse_haproxy(text: str) -> HaproxyConfig:
    """haproxy.cfg as text.

    Raises:
        Unreadable: it is no such file, or one that can't be judged without evaluating its conditions.
    """
    sections = list(_sections(text))
    if not any(section.kind in _PROXIES or section.kind == "global" for section in sections):
        raise Unreadable(f"it has no section of HAProxy's: {clean(text, 80) or 'nothing at all'}")
    named: dict[str, Lines] = {}
    latest: Lines = []
    proxies: list[Proxy] = []
    sockets: tuple[StatsSocket, ...] = ()
    state_file = False
    inherited_lines = 0
    for section in sections:
        inherited = named.get(section.inherits, latest) if section.inherits else latest
        inherited_lines += len(inherited)
        if inherited_lines > MOST_INHERITED:
            raise Unreadable("it has more sections, and defaults that hold for them, than any real one")
        if section.kind == "defaults":
            latest = section.lines if section.inherits is None else [*inherited, *section.lines]
            named[section.name] = latest
        elif section.kind == "global":
            sockets += tuple(_socket(line) for line in section.lines if line[:2] == ("stats", "socket") and line[2:])
            state_file = state_file or any(line[0] == "server-state-file" for line in section.lines)
        elif section.kind in _PROXIES:
            proxies.append(_proxy(section, inherited))
    return HaproxyConfig(sockets, tuple(proxies), state_file)


def _sections(text: str) -> Iterator[_Section]:
    rows = text.lstrip("\ufeff").replace("\r", "").split("\n")
    if len(rows) > MOST_LINES:
        raise Unreadable(f"it has more than {MOST_LINES} lines")
    current: _Section | None = None
    for number, row in enumerate(rows, 1):
        try:
            words = words_of(row)
        except Unreadable as error:
            raise Unreadable(f"line {number}: {error}") from None
        if not words:
            continue
        if words[0] in (".if", ".elif", ".else", ".endif"):
            raise Unreadable(f"line {number} has a condition ({clean(words[0], 10)}), which is not evaluated here")
        if words[0] in _SECTIONS:
            if current is not None:
                yield current
            inherits = words[words.index("from") + 1] if "from" in words[1:-1] else None
            name = clean(words[1], 200) if len(words) > 1 and words[1] != "from" else ""
            current = _Section(words[0], name, inherits, [])
        elif current is not None:
            current.lines.append(words)
    if current is not None:
        yield current


def _socket(line: tuple[str, ...]) -> StatsSocket:
    options = dict(zip(line[3:], (*line[4:], ""), strict=True))
    try:
        mode = int(options["mode"], 8) if "mode" in options else None
    except ValueError:
        mode = None
    return StatsSocket(clean(line[2].removeprefix("unix@"), 300), clean(options.get("level", "operator"), 20), mode)


def _proxy(section: _Section, inherited: Lines) -> Proxy:
    # What a section says itself comes after its defaults, so the last word counts.
    lines = [*inherited, *section.lines]
    defaults: dict[str, str] = {}
    servers: list[Server] = []
    for line in lines:
        if line[0] == "default-server":
            defaults = _without_negated(defaults | _keywords(line[1:]))
    for line in section.lines:
        if line[0] in ("server", "server-template") and len(line) >= 3:
            servers.append(_server(line if line[0] == "server" else (line[0], line[1], *line[3:], ""), defaults))
    return Proxy(
        kind=section.kind,
        name=section.name,
        mode=clean(next((line[1] for line in reversed(lines) if line[0] == "mode" and line[1:]), "tcp"), 20),
        binds=tuple(bind for line in section.lines if line[0] == "bind" for bind in _binds(line)),
        servers=tuple(servers),
        check=_check(lines),
        options=_options(lines),
        timeouts={clean(line[1], 40): seconds_of(line[2]) for line in lines if line[0] == "timeout" and len(line) > 2},
        uses=tuple(clean(line[1], 200) for line in lines if line[0] in ("default_backend", "use_backend") and line[1:]),
        stats=any(line[0] == "stats" and line[1:2] not in ((), ("socket",)) for line in section.lines),
        stats_admin=next((clean(" ".join(line[2:]), 200) for line in lines if line[:2] == ("stats", "admin")), None),
        stats_auth=any(line[:2] == ("stats", "auth") for line in lines)
        or any(line[:3] == ("stats", "http-request", "auth") for line in lines),
        state_from_file=any(line[0] == "load-server-state-from-file" and line[1:] != ("none",) for line in lines),
    )


def _options(lines: Lines) -> frozenset[str]:
    """The options in force: `no option X` takes one back."""
    found: dict[str, bool] = {}
    for line in lines:
        if line[0] == "option" and line[1:]:
            found[clean(line[1], 60)] = True
        elif line[:2] == ("no", "option") and line[2:]:
            found[clean(line[2], 60)] = False
    return frozenset(name for name, is_on in found.items() if is_on)


_PROTOCOL_CHECKS = frozenset({"httpchk", "mysql-check", "pgsql-check", "redis-check", "smtpchk", "ldap-check"})


def _check(lines: Lines) -> Check:
    kind = next((line[1] for line in reversed(lines) if line[0] == "option" and line[1:] and _is_check(line[1])), "")
    if kind in _PROTOCOL_CHECKS or kind in ("external-check", "ssl-hello-chk"):
        return Check.ANSWER
    rules = {line[1] for line in lines if line[0] == "tcp-check" and line[1:]}
    if kind == "tcp-check" and "expect" in rules:
        return Check.ANSWER
    return Check.SEND_ONLY if kind == "tcp-check" and rules & {"send", "send-binary", "send-lf"} else Check.CONNECT


def _is_check(option: str) -> bool:
    return option in _PROTOCOL_CHECKS or option in ("tcp-check", "external-check", "ssl-hello-chk")


def _keywords(words: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        found[clean(word, 60)] = clean(next(rest, ""), 200) if word in _TAKES_ONE else ""
    return found


def _without_negated(keywords: dict[str, str]) -> dict[str, str]:
    """`no-check` takes back `check`, and so on."""
    off = {name.removeprefix("no-") for name in keywords if name.startswith("no-")}
    return {name: value for name, value in keywords.items() if name not in off and not name.startswith("no-")}


def _server(line: tuple[str, ...], defaults: dict[str, str]) -> Server:
    host, port = _endpoint(line[2])
    own = _keywords(line[3:])
    return Server(clean(line[1], 200), host, port, _without_negated(defaults | own))


def _binds(line: tuple[str, ...]) -> Iterator[Bind]:
    keywords = frozenset(line[2:])
    for place in line[1].split(",") if len(line) > 1 else ():
        host, port = _endpoint(place)
        yield Bind(host or "*", port, "ssl" in keywords, "transparent" in keywords)


def _endpoint(text: str) -> tuple[str, int | None]:
    """Host and port of `10.0.0.1:27000`, `[::1]:80`, `:80`, `ipv4@host:1` or a socket's path."""
    plain = clean(text, 300)
    for family in ("ipv4@", "ipv6@", "tcp@", "tcp4@", "tcp6@"):
        plain = plain.removeprefix(family)
    host, colon, port = plain.rpartition(":")
    if not colon or plain.startswith(("/", "unix@", "abns@")):
        return plain, None
    return host.removeprefix("[").removesuffix("]"), number_of(port)
