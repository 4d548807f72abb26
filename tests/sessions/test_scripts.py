"""Scripts: what is understood, and what is wrong with the others, by step."""

from pathlib import Path

import pytest

from dslsconsole.sessions.script import (
    Condition,
    Expect,
    Fault,
    NotAScript,
    Press,
    Say,
    Screenshot,
    Type,
    WaitFor,
    read,
)
from dslsconsole.shipped import shipped

HEAD = "version: 1\ntitle: a test\nsteps:\n"


def script(path: Path, text: str) -> Path:
    file = path / "script.yaml"
    file.write_text(text)
    return file


def test_each_kind_of_step_is_understood(tmp_path: Path) -> None:
    found = read(
        script(
            tmp_path,
            "version: 1\ntitle: a test\nsize: 80x24\nseed: 7\nspeed: 2\nsteps:\n"
            "- say: look\n- press: a F\n- press: [escape]\n- type: INC-1\n- type: {text: x, enter: false}\n"
            "- fault: node-down dsls-primary-01\n- heal:\n- heal: node-down\n- wait-for: ARMED\n"
            "- wait-for: {alert: no_primary, role: {b: primary}, within: 2m}\n"
            "- expect: {no-text: x}\n- screenshot: one\n",
        )
    )
    assert (found.title, found.size, found.seed, found.speed) == ("a test", (80, 24), 7, 2.0)
    assert found.steps == (
        Say("look"),
        Press(("a", "F")),
        Press(("escape",)),
        Type("INC-1"),
        Type("x", enter=False),
        Fault(("node-down", "dsls-primary-01")),
        Fault((), heal=True),
        Fault(("node-down",), heal=True),
        WaitFor(Condition(text="ARMED"), 60.0),
        WaitFor(Condition(alert="no_primary", role={"b": "primary"}, within="2m"), 120.0),
        Expect(Condition(no_text="x")),
        Screenshot("one"),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a script begins with `version: 1`"),
        ("- a list", "a script begins with"),
        ("version: 2\nsteps: []", "a script begins with"),
        (HEAD + "- jump: 3\n", r"step 1: 'jump' is not known; there is say, press"),
        (HEAD + "- say: x\n- press: \n", r"step 2: press: words are needed"),
        (HEAD + "- wait-for: {}\n", r"step 1: wait-for: one of text"),
        (HEAD + "- wait-for: {colour: red}\n", r"step 1: wait-for: .*colour"),
        (HEAD + "- wait-for: {text: x, within: soon}\n", r"within 'soon': a span of time"),
        (HEAD + "- {say: x, press: a}\n", r"step 1: a step is one of"),
        (HEAD + "- say: &a x\n- say: *a\n", r"aliases .* are not understood"),
        (HEAD + "- say: [\n", r"script\.yaml:\d+:\d+: "),
        ("version: 1\nsize: large\nsteps: []", r"columns and lines"),
        ("version: 1\nspeed: fast\nsteps: []", r"speed 'fast': a number"),
        ("version: 1\nstepps: []\nsteps: []", r"stepps is not known"),
    ],
)
def test_what_is_wrong_is_said_with_its_step(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(NotAScript, match=why) as told:
        read(script(tmp_path, text))
    assert "script.yaml" in str(told.value)


def test_one_of_ten_megabytes_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(NotAScript, match="larger than"):
        read(script(tmp_path, "#" * 10_000_000))


@pytest.mark.parametrize("path", sorted((shipped("config") / "scripts").glob("*.yaml")), ids=lambda path: path.stem)
def test_those_that_are_shipped_are_sound(path: Path) -> None:
    found = read(path)
    assert found.title
    assert len(found.steps) > 5
