"""haproxy.cfg as text: what real files say, and that nothing else breaks the reader."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.haproxy.configuration import Check, HaproxyConfig, parse_haproxy
from dslsconsole.systems.haproxy.words import seconds_of, words_of

SAMPLES = Path(__file__).parents[1] / "fixtures" / "samples" / "haproxy"


def sample(name: str) -> HaproxyConfig:
    return parse_haproxy((SAMPLES / name).read_text())


def test_the_guides_own_file() -> None:
    config = sample("guide.cfg")
    (socket,) = config.sockets
    assert (socket.path, socket.level, socket.mode) == ("/run/haproxy/admin.sock", "operator", 0o660)
    backend = config.backend("dsls_servers")
    assert backend is not None
    primary, backup = backend.servers
    assert (primary.name, primary.host, primary.port) == ("dsls-primary", "dsls-primary-01", 27000)
    assert (primary.inter_s, primary.fall, primary.rise, primary.words["weight"]) == (30.0, 3, 2, "100")
    assert (primary.backup, backup.backup, backup.checked, backup.ends_sessions) == (False, True, True, False)
    assert (backend.check, backend.timeouts["server"], backend.mode) == (Check.ANSWER, 50.0, "tcp")
    assert [one.name for one in config.frontends("dsls_servers")] == ["dsls_frontend"]
    page = config.proxies[-1]
    assert (page.stats, page.stats_admin, page.stats_auth) == (True, "if TRUE", False)
    assert [(bind.address, bind.port, bind.is_local) for bind in page.binds] == [("*", 8404, False)]


def test_pages_and_sockets_of_every_kind() -> None:
    config = sample("guide-and-pages.cfg")
    assert [socket.level for socket in config.sockets] == ["operator", "admin", "user"]
    pages = {one.name: (one.stats_admin, one.stats_auth) for one in config.proxies if one.stats}
    assert pages == {
        "stats": ("if TRUE", False),
        "stats_auth": ("if TRUE", True),
        "stats_noadmin": (None, False),
        "stats_scoped": ("if TRUE", False),
    }
    assert all(bind.is_local for one in config.proxies for bind in one.binds)


def test_checks_of_every_kind() -> None:
    backend = sample("http-checks.cfg").backend("b1")
    assert backend is not None
    servers = {server.name: server for server in backend.servers}
    assert backend.check is Check.ANSWER
    assert not servers["nocheck"].checked
    assert servers["tracked"].words["track"] == "b1/nolb"
    assert servers["nolb"].inter_s == 0.5
    assert "disabled" in servers["cfgmaint"].words


def parsed(lines: str) -> HaproxyConfig:
    return parse_haproxy("global\n" + lines)


def test_defaults_hold_for_what_follows_and_are_taken_back() -> None:
    config = parsed(
        "defaults\n  timeout check 2s\n  option redispatch\n  default-server check inter 5s "
        "on-marked-down shutdown-sessions\n"
        "backend one\n  server a a:1\n  server b b:1 no-check\n"
        "backend two\n  no option redispatch\n  default-server inter 1s\n  server a a:1\n"
        "defaults other\n  mode http\nbackend three\n  server a a:1\nbackend four from other\n  server a a:1\n"
    )
    one, two, three = (config.backend(name) for name in ("one", "two", "three"))
    assert one is not None
    assert two is not None
    assert three is not None
    assert (one.servers[0].inter_s, one.servers[0].ends_sessions, one.servers[1].checked) == (5.0, True, False)
    assert (one.timeouts["check"], "redispatch" in one.options, "redispatch" in two.options) == (2.0, True, False)
    assert (two.servers[0].inter_s, two.servers[0].checked) == (1.0, True)
    assert (three.mode, three.timeouts, three.servers[0].checked) == ("http", {}, False)


@pytest.mark.parametrize(
    ("lines", "check"),
    [
        ("", Check.CONNECT),
        ("  option tcp-check\n", Check.CONNECT),
        ("  option tcp-check\n  tcp-check connect\n", Check.CONNECT),
        ("  option tcp-check\n  tcp-check send x\n", Check.SEND_ONLY),
        ("  option tcp-check\n  tcp-check send x\n  tcp-check expect string y\n", Check.ANSWER),
        ("  tcp-check expect string y\n", Check.CONNECT),
        ("  option httpchk\n", Check.ANSWER),
    ],
)
def test_what_a_check_asks(lines: str, check: Check) -> None:
    backend = parsed(f"backend b\n{lines}").backend("b")
    assert backend is not None
    assert backend.check is check


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r'a "b c" d', ("a", "b c", "d")),
        (r"a 'b\ c'#x d", ("a", r"b\ c")),
        (r"a\ b c\#d # e", ("a b", "c#d")),
        ('a "" b', ("a", "", "b")),
        (r'"a\"b"', ('a"b',)),
        ("", ()),
    ],
)
def test_words_are_taken_as_haproxy_takes_them(line: str, words: tuple[str, ...]) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize(
    ("text", "seconds"), [("50000ms", 50.0), ("2", 0.002), ("30s", 30.0), ("1h", 3600.0), ("$T", None), ("-1s", None)]
)
def test_times(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing at all"),
        ("Permission denied\n", "no section"),
        ("global\n.if defined(X)\n", "condition"),
        ('global\nlog "x\n', "line 2: a quote is not closed"),
        ("global\n" + "x\n" * 30_000, "more than"),
        ("defaults\n" + "timeout a 2s\n" * 4_000 + "backend b\n" * 7_000, "more sections"),
        ("backend b\n  server " + "a" * 9_000, "longer than HAProxy would take"),
    ],
)
def test_what_can_not_be_judged_says_so(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse_haproxy(text)


@given(
    st.lists(st.text(min_size=1, max_size=20).filter(lambda word: "\n" not in word and "\r" not in word), max_size=8)
)
def test_quoted_words_come_back_as_they_were(words: list[str]) -> None:
    quoted = " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
    assert words_of(quoted) == tuple(words)
