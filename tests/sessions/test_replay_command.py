"""`dslsconsole replay` without a terminal: what there is, whether it is drawn as it was, what happened in it."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from dslsconsole.sessions.recording import Drawn, chunk
from tests.sessions.test_recordings import HEAD, notes, written
from tests.tui.test_tui_replay import recorded

KEPT = sorted((Path(__file__).parent / "recordings").glob("*.dslsrec"))
"""Sessions on the practice estate: their screens are drawn today as they were. Where they are meant to be others,
record them anew: `dslsconsole lab up`, the console on it, and copy the file from its directory of recordings."""


def replay(*words: str, config: Path | None = None) -> subprocess.CompletedProcess[str]:
    of = ("-c", str(config)) if config is not None else ()
    argv = [sys.executable, "-m", "dslsconsole", *of, "replay", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture
async def session(tmp_path: Path) -> Path:
    return await recorded(tmp_path / "recordings")


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    path = tmp_path / "estate.yaml"
    path.write_text(
        f"version: 1\nrecordings: {{directory: {tmp_path}/recordings}}\n"
        "clusters: {c: {nodes: {p1: {mode: primary, address: 127.0.0.1, unit: u}}}}\n"
    )
    return path


async def test_the_list_says_who_when_how_long_and_what_happened(session: Path, estate: Path) -> None:
    (session.parent / "broken.dslsrec").write_bytes(b"x" * 100)
    hostile = msgspec.structs.replace(HEAD, operator="ev\x1b]0;pwn\x07il", host="h\nx")
    (session.parent / "hostile.dslsrec").write_bytes(chunk(b"H", HEAD.started_at, msgspec.json.encode(hostile)))
    said = replay("--list", config=estate)
    assert said.returncode == 0, said.stderr
    assert f"{session.name}  ada on jump-1  2027-01-01 12:00:05Z  0:01:45  3 alerts" in said.stdout
    assert "    failover of alice: confirmed" in said.stdout
    assert "broken.dslsrec is no recording of dslsconsole" in said.stdout
    told = json.loads(replay("--list", "--json", config=estate).stdout)
    assert [one["name"] for one in told] == [session.name, "broken.dslsrec", "hostile.dslsrec"]
    assert "\x1b" not in said.stdout
    assert "h\nx" not in said.stdout
    assert told[0]["alerts"] == 3


async def test_the_same_screens_are_0_and_another_one_is_1(session: Path, tmp_path: Path) -> None:
    said = replay("--check", str(session))
    assert (said.returncode, said.stderr) == (0, "")
    assert "screens are as they were recorded" in said.stdout
    other = written(tmp_path, [Drawn(HEAD.started_at, {"nodes": ("another screen",)})])
    said = replay("--check", str(other))
    assert said.returncode == 1
    assert "The screen is another one at 2027-01-01 12:00:05.000Z, in nodes" in said.stdout
    assert "-another screen" in said.stdout


@pytest.mark.parametrize("path", KEPT, ids=[path.stem for path in KEPT])
def test_recorded_sessions_are_drawn_as_they_were(path: Path) -> None:
    said = replay("--check", str(path))
    assert said.returncode == 0, said.stdout


def test_there_are_recorded_sessions() -> None:
    assert KEPT


async def test_what_happened_is_told_as_a_timeline(session: Path, tmp_path: Path) -> None:
    said = replay("--export", "-", str(session))
    assert said.returncode == 0, said.stderr
    for line in (
        "# Session of ada on jump-1",
        "| 2027-01-01 12:00:25Z | alert raised | critical: dsls-arbitrator-01 does not answer |",
        "| 12:00:30Z | operator | looked at the node dsls-backup-01 |",
    ):
        assert line in said.stdout
    assert "failover of alice: outcome done" in said.stdout
    report = tmp_path / "report.md"
    assert replay("--export", str(report), str(session)).returncode == 0
    assert report.read_text() == said.stdout
    assert replay("--export", str(tmp_path / "x.docx"), str(session)).returncode == 64


def test_what_is_no_recording_is_wrong_usage_in_a_sentence(tmp_path: Path, estate: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("not a recording, but long enough for a header")
    for words in ((str(other),), (str(tmp_path / "nowhere"),), ("nowhere.dslsrec",), ()):
        said = replay(*words, config=estate)
        assert said.returncode == 64
        assert "Traceback" not in said.stderr
        assert len(said.stderr.strip().splitlines()) == 1


def test_without_a_terminal_it_is_not_played(tmp_path: Path) -> None:
    said = replay(str(written(tmp_path, notes(3))))
    assert said.returncode == 64
    assert "needs a terminal" in said.stderr
