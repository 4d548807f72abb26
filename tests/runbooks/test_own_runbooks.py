"""The site's own runbooks: found, checked like the estate file, listed, and never in the way of the built-in ones."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from dslsconsole.cli import program
from dslsconsole.runbooks import library
from dslsconsole.runbooks.schema import WrongRunbook
from dslsconsole.settings import Estate
from dslsconsole.shipped import shipped

EXAMPLE = shipped("config") / "runbooks" / "rest-backup.yaml"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An estate file whose own runbooks lie in `own`, with the shipped example among them."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / EXAMPLE.name).write_text(EXAMPLE.read_text())
    estate = {
        "version": 1,
        "clusters": {"c": {"nodes": {"n1": {"mode": "primary"}}}},
        "runbooks": {"directory": str(tmp_path / "own")},
        "operators": {"two_person": ["rest-backup"]},
    }
    (tmp_path / "estate.yaml").write_text(yaml.safe_dump(estate))
    return tmp_path


def said(site: Path, *words: str) -> Result:
    return CliRunner().invoke(program, [*words, "-c", str(site / "estate.yaml")])


def test_the_shipped_example_is_listed_shown_and_checked(site: Path) -> None:
    listed = said(site, "runbooks", "list")
    assert listed.exit_code == 0
    assert "rest-backup" in listed.output
    told = json.loads(said(site, "runbooks", "--json").output)["runbooks"]
    assert {one["name"]: one["origin"] for one in told}.items() >= {
        "rest-backup": "site",
        "failover": "built-in",
    }.items()
    assert said(site, "runbooks", "show", "rest-backup").output == EXAMPLE.read_text()
    checked = said(site, "check", "--file-only")
    assert (checked.exit_code, "rest-backup" in checked.output) == (0, True)


@pytest.mark.parametrize(
    ("was", "becomes", "at", "told"),
    [
        (
            "do: service-restart",
            "do: service-restrt",
            "service-restrt",
            "steps[1].do: “service-restrt” is no action; did",
        ),
        (
            "until: restarted",
            "until: restated",
            "restated",
            "steps[1].until: “restated” is no check; did you mean rest",
        ),
        ("not_serving", "not_servin", "not_servin", "guards[3].guard: “not_servin” is no guard; did you mean not_serv"),
        ("facts: single", "facts: singel", "singel", "facts: “singel” is no facts; did you mean single?"),
        ("name: rest-backup", "name: restore-it", "restore-it", "name: “restore-it” is not what the file is called"),
        (", lock_free]", "]", "[exactly_one", "guards: lock_free must be among them"),
        ("within: 95s", "within: 95", "95\n", "steps[1].within: “95” has no unit"),
        (
            "    retry: true",
            "    retri: true",
            "retri: ",
            "steps[3].retri: is not a known key here; did you mean “retry”",
        ),
        ("do: service-restart", "do: promote", "promote", "steps[1].do: a promotion needs one of the checks stopped-"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(site: Path, was: str, becomes: str, at: str, told: str) -> None:
    file = site / "own" / EXAMPLE.name
    assert was in EXAMPLE.read_text()
    text = EXAMPLE.read_text().replace(was, becomes, 1)
    file.write_text(text)
    before = text[: text.index(at, text.index("\nname: "))].split("\n")
    place = f"{len(before)}:{len(before[-1]) + 1}"
    for words in (("check", "--file-only"), ("runbooks", "show", "rest-backup"), ("runbooks",)):
        result = said(site, *words)
        assert result.exit_code == 78, result.output
        assert f"{file}:{place}: {told}" in result.output, result.output
    # What is wrong with one is in nobody else's way.
    assert "failover " in said(site, "runbooks", "list").output
    assert said(site, "runbooks", "show", "failover").exit_code == 0


def test_a_file_that_everybody_may_write_is_refused(site: Path) -> None:
    file = site / "own" / EXAMPLE.name
    file.chmod(0o666)
    with pytest.raises(WrongRunbook, match="everybody"):
        library.sound(file)


def test_a_directory_that_is_not_there_is_told_where_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    clusters = {"c": {"nodes": {"n1": {"mode": "primary"}}}}
    assert library.own(Estate.model_validate({"version": 1, "clusters": clusters})) == ({}, ())
    named = {"version": 1, "clusters": clusters, "runbooks": {"directory": str(tmp_path / "nowhere")}}
    estate = Estate.model_validate(named)
    assert "nowhere" in str(library.own(estate)[1][0])
    assert library.find(estate, "failover") is not None


def test_a_built_in_name_stays_the_built_in_runbook(site: Path) -> None:
    (site / "own" / "failover.yaml").write_text(EXAMPLE.read_text().replace("name: rest-backup", "name: failover"))
    assert "never replaced" in said(site, "check", "--file-only").output
    assert said(site, "runbooks", "show", "failover").output == library.written("failover")
