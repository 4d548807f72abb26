"""HAProxy's own words, captured from version 2.6."""

from pathlib import Path

import pytest

from dslsconsole.model.balancer import ServerState
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.haproxy.read import parse_info, parse_level, parse_page_head, parse_stat, state_of

SAMPLES = Path(__file__).parent.parent / "fixtures" / "samples" / "haproxy"
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("status", "state", "detail"),
    [
        ("UP", ServerState.UP, ""),
        ("UP 1/3", ServerState.UP, "1/3"),
        ("DOWN", ServerState.DOWN, ""),
        ("DOWN 1/2", ServerState.DOWN, "1/2"),
        ("DOWN (agent)", ServerState.DOWN, "agent"),
        ("NOLB", ServerState.NOLB, ""),
        ("NOLB 2/3", ServerState.NOLB, "2/3"),
        ("DRAIN", ServerState.DRAIN, ""),
        ("DRAIN 1/3", ServerState.DRAIN, "1/3"),
        ("DRAIN (agent)", ServerState.DRAIN, "agent"),
        ("MAINT", ServerState.MAINT, ""),
        ("MAINT (via b1/nolb)", ServerState.MAINT, "via b1/nolb"),
        ("MAINT (resolution)", ServerState.MAINT, "resolution"),
        ("no check", ServerState.NO_CHECK, ""),
        ("UPSIDE", ServerState.UNKNOWN, ""),
        ("", ServerState.UNKNOWN, ""),
    ],
)
def test_every_status_is_understood(status: str, state: ServerState, detail: str) -> None:
    assert state_of(status) == (state, detail)


def test_no_captured_status_is_unknown() -> None:
    lines = (SAMPLES / "status_strings.txt").read_text().splitlines()
    statuses = {line.split(" status=")[1].split(" check_status=")[0].strip() for line in lines if " status=" in line}
    assert len(statuses) > 5
    assert {status for status in statuses if state_of(status)[0] is ServerState.UNKNOWN} == set()


@pytest.mark.parametrize("name", ["show_stat_initial.csv", "stats_http.csv"])
def test_captured_statistics_give_the_backend_and_its_servers(name: str) -> None:
    (backend,) = [one for one in parse_stat((SAMPLES / name).read_text(), NOW) if one.name == "dsls_servers"]
    primary, backup = backend.servers
    assert (primary.name, primary.state, primary.weight, primary.backup) == ("dsls-primary", ServerState.UP, 100, False)
    assert (backup.name, backup.weight, backup.backup, backup.check) == ("dsls-backup", 50, True, "L7OK")
    assert (backend.active, backend.backup, backend.sessions) == (1, 1, 0)
    assert primary.since is not None
    assert primary.since <= NOW


def test_a_running_check_is_told_apart_from_its_last_result() -> None:
    text = "# pxname,svname,status,type,check_status,-,new\nb,s,DOWN,2,* L7TOUT,,1\nb,BACKEND,UP,1,,,\n"
    server = parse_stat(text, NOW)[0].servers[0]
    assert (server.check, server.checking) == ("L7TOUT", True)
    assert (server.weight, server.sessions, server.since) == (None, None, None)


def test_quoted_commas_do_not_shift_the_columns() -> None:
    text = '# pxname,svname,status,type,last_chk,scur,\nb,s,UP,2,"a, ""b"" c",7,\nb,BACKEND,UP,1,,7,\n'
    server = parse_stat(text, NOW)[0].servers[0]
    assert (server.check_text, server.sessions) == ('a, "b" c', 7)


def test_captured_info_tells_which_process_answered() -> None:
    process = parse_info((SAMPLES / "show_info.txt").read_text(), NOW)
    assert (process.pid, process.started_at, process.stopping) == (15459, NOW - 132, False)


def test_an_error_is_no_statistics() -> None:
    with pytest.raises(Unreadable, match="Permission denied"):
        parse_stat("Permission denied\n", NOW)


def test_a_level_is_one_of_three_words() -> None:
    assert [parse_level(text) for text in ("admin\n", "operator", "user", "emperor")] == [
        "admin",
        "operator",
        "user",
        None,
    ]


def test_the_page_for_people_tells_which_process_serves_it() -> None:
    head = (
        '<body><h1><a href="http://www.haproxy.org/">HAProxy version 2.6.12-1+deb12u4, released 2026/10/17</a></h1>\n'
        "<p><b>pid = </b> 27979 (process #1, nbproc = 1, nbthread = 2)<br>\n<b>uptime = </b> 1d 2h03m04s<br>"
    )
    process = parse_page_head(head, NOW)
    assert process is not None
    assert (process.pid, process.version) == (27979, "2.6.12-1+deb12u4")
    assert process.started_at == NOW - 93_784
    assert parse_page_head(head.replace("uptime", "load"), NOW) is None
    assert parse_page_head("# pxname,svname", NOW) is None
