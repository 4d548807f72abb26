"""The user's own keys: by the names of actions, with a word on each that can't be had."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from dslsconsole.tui import scenes
from dslsconsole.tui.actions import offered
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.bars import FooterBar
from dslsconsole.tui.dialogs.choice import Choice
from dslsconsole.tui.keys import LoadedKeys, applied, load, named
from dslsconsole.tui.pictures import _NothingRuns
from dslsconsole.tui.source import PlayedFrames
from tests.tui.test_tui_screen import THEMES, until


def loaded(path: Path, text: str) -> LoadedKeys:
    file = path / "keys.yaml"
    file.write_text(text)
    return load(file)


def test_where_there_is_no_file_all_is_as_it_was(tmp_path: Path) -> None:
    assert load(tmp_path / "keys.yaml") == LoadedKeys()
    assert loaded(tmp_path, "") == LoadedKeys()
    assert applied(offered(read_only=False), {})[0] == offered(read_only=False)


def test_keys_are_written_as_people_write_them(tmp_path: Path) -> None:
    found = loaded(tmp_path, 'failover: F5\npalette: "-"\nhelp: F1\nevents: ctrl+r\nfailback: "Z"\n')
    assert found.failures == ()
    assert found.keys == {"failover": "f5", "palette": "minus", "help": "f1", "events": "ctrl+r", "failback": "Z"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("failovr: F5", ":1: no action is called 'failovr'; did you mean failover?"),
        ("help: F1\nfrobnicate: F5", ":2: no action is called 'frobnicate'; there is arm, failover"),
        ("failover: f", ":1: failover: what acts has a capital letter, a function key"),
        ("help: enter", ":1: help: enter moves about in panels and dialogs"),
        ("help: j", ":1: help: j moves about"),
        ("help: ctrl+c", ":1: help: ctrl+c moves about in panels and dialogs, or leaves them"),
        ("help: F1\nevents: F1", ":2: events: F1 is help's already"),
        ("help: F99", ":1: help: 'F99' is no key"),
        ('help: "\\e[2J"', ":1: help: '␛[2J' is no key"),
        ("help: [a, b]", ":1: no action is called ''"),
        ("- help", ":1:1: lines such as `failover: F5` are needed"),
        ("help: [", ":"),
    ],
)
def test_what_can_not_be_had_is_said_with_its_line(tmp_path: Path, text: str, why: str) -> None:
    found = loaded(tmp_path, text)
    assert len(found.failures) == 1
    assert found.failures[0].startswith(f"{tmp_path}/keys.yaml{why}")


def test_a_key_of_another_action_stays_with_it(tmp_path: Path) -> None:
    actions, failures = applied(offered(read_only=False), {"events": "z"})
    assert failures == ("keys.yaml: events keeps e: z is zoom's; give that another",)
    assert next(one for one in actions if one.id == "events").key == "e"
    actions, failures = applied(offered(read_only=False), {"events": "z", "zoom": "e"})
    assert failures == ()
    assert {one.id: one.key for one in actions if one.id in ("events", "zoom")} == {"events": "z", "zoom": "e"}


def test_one_can_always_leave() -> None:
    actions, _ = applied(offered(read_only=False), {"quit": "f10"})
    assert next(one for one in actions if one.id == "quit").key == "f10,ctrl+q,ctrl+c"


@pytest.mark.parametrize(
    ("text", "name"), [("/", "slash"), ("?", "question_mark"), ("[", "left_square_bracket"), ("", None)]
)
def test_signs_have_their_names(text: str, name: str | None) -> None:
    assert named(text) == name


async def pressed(pilot: Pilot[None], app: ConsoleApp, key: str) -> str:
    await pilot.press(key)
    await pilot.pause()
    return app.cluster_screen.query_one(FooterBar).text


async def test_footer_help_and_what_is_disabled_name_the_new_keys() -> None:
    keys = LoadedKeys({"failover": "f5", "arm": "f2", "help": "f1"}, ("keys.yaml:3: no action is called 'x'",))
    app = ConsoleApp(
        PlayedFrames([scenes.healthy()]),
        clock=lambda: scenes.NOON + 1,
        themes=THEMES,
        runner=_NothingRuns(),
        keys=keys,
    )
    async with app.run_test(size=(160, 40)) as pilot:
        footer = app.cluster_screen.query_one(FooterBar)
        await until(pilot, lambda: "no action is called 'x'" in footer.text)
        assert "F2 arm  F5 failover" in await pressed(pilot, app, "down")
        assert "F5 failover needs the console armed for this cluster: press F2" in await pressed(pilot, app, "f5")
        assert "failover needs" not in await pressed(pilot, app, "F")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, Choice))
