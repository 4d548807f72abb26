"""An estate file that is not sound is shown with its errors until it is mended, or left as it is."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from dslsconsole.commands.problems import problems
from dslsconsole.tui.faulty import LEFT, MENDED, FaultyFile
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.table import LineTable
from tests.tui.test_tui_screen import THEMES, until

SOUND = "version: 1\nclusters:\n  one:\n    nodes:\n      a: {mode: primary}\n"
FAULTY = SOUND.replace("version: 1\n", "version: 1\npol: {interval: 5s}\n").replace("mode: primary", "mode: primray")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "estate.yaml"
    path.write_text(FAULTY)
    return path


def app_of(file: Path, **environment: str) -> FaultyFile:
    return FaultyFile(file, lambda: problems(file), THEMES, may_edit=bool(environment), environment=environment)


def text(app: FaultyFile) -> str:
    lines = [app.query_one("#first", OneLine).text, *app.query_one(LineTable).text()]
    return "\n".join([*lines, app.query_one("#keys", OneLine).text])


def saved(file: Path, text: str) -> None:
    file.write_text(text)


async def until_shown(pilot: Pilot[int], app: FaultyFile) -> None:
    await pilot.pause()
    await pilot.pause()
    assert "The estate file can't be used" in text(app)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_every_error_is_shown_with_its_line_and_what_would_be_right(file: Path, size: tuple[int, int]) -> None:
    app = app_of(file)
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, app)
        for part in ("2 errors", "line 2, column 1", "pol: {interval: 5s}", "poll", "line 6", "primray", "primary"):
            assert part in text(app)
        await pilot.press("q")
    assert app.return_value == LEFT


async def test_once_it_is_saved_as_a_sound_one_the_console_goes_on(file: Path) -> None:
    app = app_of(file)
    async with app.run_test() as pilot:
        await until_shown(pilot, app)
        saved(file, SOUND)
        app._look()
        await pilot.pause()
    assert app.return_value == MENDED


async def test_what_is_left_is_shown_after_half_of_it_was_mended(file: Path) -> None:
    app = app_of(file)
    async with app.run_test() as pilot:
        await until_shown(pilot, app)
        saved(file, FAULTY.replace("primray", "primary"))
        await pilot.press("r")
        assert "1 error in" in text(app)
        await pilot.press("escape")


async def test_whoever_got_the_console_alone_gets_no_editor(file: Path) -> None:
    app = app_of(file)
    async with app.run_test(size=(120, 30)) as pilot:
        await until_shown(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: "no editor is opened here" in text(app))
        await pilot.press("q")
    assert app.return_value == LEFT


async def test_an_editor_that_is_not_there_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(file, EDITOR="no-such-editor")
    async with app.run_test() as pilot:
        await until_shown(pilot, app)
        # A driver of tests has no terminal to give away.
        monkeypatch.setattr(app, "suspend", Nothing)
        await pilot.press("enter")
        await until(pilot, lambda: "no-such-editor can't be started" in text(app))
        await pilot.press("q")


class Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *what: object) -> None: ...
