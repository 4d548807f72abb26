"""`dslsconsole journal` as a person and as a program use it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dslsconsole.cli import program
from dslsconsole.journal import Journal, Origin

Run = Callable[..., Result]
NOON = 1_798_804_800.0  # 2027-01-01T12:00:00Z


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """An estate file whose journal holds a failover and a note."""
    file = tmp_path / "estate.yaml"
    cluster = "clusters: {east: {nodes: {a: {mode: primary}}}}"
    file.write_text(f"version: 1\njournal: {{directory: {tmp_path}/journal}}\n{cluster}\n")
    journal = Journal(tmp_path / "journal", lambda: NOON)
    origin = Origin("jump-01", "pts/3")

    def write(event: str, **data: object) -> None:
        journal.append(
            event, operator="anna", origin=origin, cluster="east", runbook="failover", operation="op-1", **data
        )

    write("planned", steps=[{"name": "Stop"}], reason="INC-1234 disk failing", plan="f00d")
    write("guard", name="target-answers", result="pass", reading="dsls-backup-01: \x1b[2Jbackup")
    write("step-started", step=1, name="Stop the old primary", host="a", command=["timeout 5 systemctl stop dsls"])
    write("step-ended", step=1, name="Stop the old primary", host="a", outcome="done", output="=HYPERLINK(1)")
    write("outcome", outcome="done", sentence="Licences are served again.")
    journal.append("note", operator="bert", origin=Origin("wall"), text="looked | at it")
    return file


@pytest.fixture
def run(estate: Path) -> Run:
    return lambda *words: CliRunner().invoke(program, ["journal", *words, "-c", str(estate)])


def test_show_tells_the_story_of_each_operation(run: Run) -> None:
    result = run("show")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "failover east · op-1 · 2027-01-01 12:00:00Z · anna on jump-01 (pts/3) · done",
        "  12:00:00.000Z  planned       steps: 1 · reason: INC-1234 disk failing",
        "  12:00:00.000Z  guard         target-answers: pass · dsls-backup-01: \\x1b[2Jbackup",
        "  12:00:00.000Z  step-started  1. Stop the old primary on a · timeout 5 systemctl stop dsls",
        "  12:00:00.000Z  step-ended    1. Stop the old primary on a · done · =HYPERLINK(1)",
        "  12:00:00.000Z  outcome       done · Licences are served again.",
        "",
        "note · 2027-01-01 12:00:00Z · bert on wall",
        "  12:00:00.000Z  note          text: looked | at it",
    ]


def test_show_json_prints_the_lines_as_they_are_in_the_log(run: Run, tmp_path: Path) -> None:
    shown = [json.loads(line) for line in run("show", "--json").stdout.splitlines()]
    kept = [json.loads(line) for line in (tmp_path / "journal" / "2027-01.jsonl").read_text().splitlines()]
    assert shown == kept


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--cluster", "east"], 5),
        (["--operation", "op-1"], 5),
        (["--cluster", "west"], 0),
        (["--since", "2027-01-01T12:00Z"], 6),
        (["--since", "2027-01-01T13:00+02:00"], 6),
        (["--since", "2027-01-01T12:00:01"], 0),
        (["--since", "2027-01-01"], 6),
    ],
)
def test_entries_are_chosen_by_time_cluster_and_operation(run: Run, words: list[str], count: int) -> None:
    assert len(run("show", "--json", *words).stdout.splitlines()) == count


def test_since_says_what_it_takes(run: Run) -> None:
    result = run("show", "--since", "yesterday")
    assert result.exit_code != 0
    assert "nor a time such as 2027-01-18T12:00" in result.stderr


def test_the_estate_file_is_named_before_or_after_the_command(estate: Path) -> None:
    for words in (
        ["-c", str(estate), "journal", "verify"],
        ["journal", "-c", str(estate), "verify"],
        ["journal", "verify", "-c", str(estate)],
    ):
        result = CliRunner().invoke(program, words)
        assert (result.exit_code, "is sound: 6 lines" in result.stdout) == (0, True)


def test_verify_ends_with_1_and_names_the_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "journal" / "2027-01.jsonl"
    file.write_text(file.read_text().replace("INC-1234", "INC-9999"))
    result = run("verify")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{file}:1: this line was changed")


def test_a_damaged_line_is_told_beside_the_rest(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "journal" / "2027-01.jsonl"
    file.write_bytes(b"garbage\n" + file.read_bytes())
    result = run("show", "--json")
    assert len(result.stdout.splitlines()) == 6
    assert result.stderr == "2027-01.jsonl:1: this line can't be read; run `dslsconsole journal verify`\n"


def test_an_empty_log_says_so(run: Run) -> None:
    result = run("show", "--cluster", "west")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing in the action log" in result.stderr


def test_a_log_that_can_not_be_read_is_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "journal" / "2028-01.jsonl").mkdir()
    for words in ("show", "verify", "export"):
        result = run(words)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"The action log in {tmp_path}/journal can't be read: ")


class TestExport:
    def test_as_lines(self, run: Run, tmp_path: Path) -> None:
        assert run("export").stdout == (tmp_path / "journal" / "2027-01.jsonl").read_text()

    def test_as_a_table_in_which_nothing_is_a_formula(self, run: Run, tmp_path: Path) -> None:
        assert run("export", "--format", "csv", "-o", str(tmp_path / "out.csv")).exit_code == 0
        with (tmp_path / "out.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["event"] for row in rows] == ["planned", "guard", "step-started", "step-ended", "outcome", "note"]
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
        assert json.loads(rows[0]["data"])["reason"] == "INC-1234 disk failing"

    def test_as_a_report(self, run: Run) -> None:
        text = run("export", "--format", "markdown").stdout
        assert text.startswith("## failover east · op-1 · ")
        assert "looked \\| at it" in text
        assert "\x1b" not in text

    def test_a_file_is_its_owners_alone(self, run: Run, tmp_path: Path) -> None:
        run("export", "-o", str(tmp_path / "out.jsonl"))
        assert (tmp_path / "out.jsonl").stat().st_mode & 0o077 == 0

    def test_a_file_that_can_not_be_written_is_a_sentence(self, run: Run, tmp_path: Path) -> None:
        result = run("export", "-o", str(tmp_path / "none" / "out"))
        assert result.exit_code == 1
        assert "can't be written: No such file or directory. Name another file with -o." in result.stderr
