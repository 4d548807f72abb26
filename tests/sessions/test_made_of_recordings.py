"""What is made of a recording: an asciicast, pictures of moments, and a script."""

import json
from pathlib import Path

import pyte
import pytest

from dslsconsole.sessions.as_script import script_of
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Looked, Note, Pressed, Record
from dslsconsole.sessions.script import Press, Say, Type, WaitFor, read
from dslsconsole.tui.casting import cast, pictures
from tests.sessions.test_recordings import BEGAN, notes, written
from tests.sessions.test_replay_command import KEPT, replay
from tests.tui.test_tui_replay import recorded
from tests.tui.test_tui_screen import THEMES


async def test_an_asciicast_shows_a_terminal_what_the_operator_saw(tmp_path: Path) -> None:
    with Recording(await recorded(tmp_path)) as recording:
        head, *events = [json.loads(line) for line in await cast(recording, THEMES)]
        length = recording.ended_at - recording.started_at
    assert (head["version"], head["width"], head["height"]) == (2, 120, 40)
    assert head["title"] == "dslsconsole, ada on jump-1"
    times = [at for at, _, _ in events]
    assert times == sorted(times)
    assert length - 10 <= times[-1] <= length
    screen = pyte.Screen(head["width"], head["height"])
    stream = pyte.Stream(screen)
    seen = []
    for _, kind, data in events:
        assert kind in ("o", "r")
        if kind == "r":
            columns, lines = data.split("x")
            screen.resize(int(lines), int(columns))
            continue
        stream.feed(data)
        seen.append("\n".join(screen.display))
    assert any("production-cluster" in one and "Nodes" in one for one in seen)
    assert any("dsls-primary-01 is lost" in one for one in seen), "as the operator saw it"


async def test_pictures_are_of_their_moments_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    with Recording(await recorded(tmp_path)) as recording:
        begins = recording.started_at
        late, early = await pictures(recording, THEMES, [begins + 60, begins + 5])
    assert "ada&#160;on&#160;jump-1" in early or "ada on jump-1" in early
    assert "is&#160;lost" in late
    assert "is&#160;lost" not in early


def session() -> list[Record]:
    def looked(at: float, dialog: str | None) -> Looked:
        return Looked(BEGAN + at, 120, 40, "dark", "alice", dialog=dialog)

    def pressed(at: float, *keys: str) -> list[Record]:
        return [Pressed(BEGAN + at, key) for key in keys]

    return [
        looked(0, None),
        *pressed(1, "3", "down", "enter"),
        *pressed(2, "a"),
        looked(2, "Question"),
        *pressed(3, "typed", "typed", "enter"),
        Note(BEGAN + 4, "now: it begins"),
        *pressed(5, "F"),
        looked(5, "PlanDialog"),
        *pressed(6, "typed", "typed", "typed", "enter"),
        looked(7, None),
        *pressed(8, "slash", "typed", "escape"),
    ]


def test_a_script_presses_what_was_pressed_and_says_where_something_was_typed(tmp_path: Path) -> None:
    with Recording(written(tmp_path / "one", session())) as recording:
        text = "\n".join(script_of(recording))
    path = tmp_path / "script.yaml"
    path.write_text(text)
    script = read(path)
    assert script.size == (120, 40)
    assert script.steps == (
        Press(("3", "down", "enter", "a")),
        Type("TYPED"),
        Say("now: it begins"),
        Press(("F",)),
        Type("alice"),
        Press(("slash",)),
        Type("TYPED", enter=False),
        Press(("escape",)),
    )


@pytest.mark.parametrize("path", KEPT, ids=[path.stem for path in KEPT])
def test_a_script_of_a_real_session_is_sound_and_waits_for_what_came_of_itself(path: Path, tmp_path: Path) -> None:
    said = replay("--to-script", str(tmp_path / "script.yaml"), str(path))
    assert said.returncode == 0, said.stderr
    steps = read(tmp_path / "script.yaml").steps
    assert any(isinstance(step, WaitFor) and step.condition.alert for step in steps)
    assert any(isinstance(step, Press) for step in steps)


def test_what_can_not_be_made_is_wrong_usage_in_a_sentence(tmp_path: Path) -> None:
    path = str(written(tmp_path / "one", notes(3)))
    for words, why in (
        (("--export", "x.gif"), "ends in .md, .cast or .svg"),
        (("--export", str(tmp_path / "x.svg")), "needs --at TIME"),
        (("--export", str(tmp_path / "x.svg"), "--at", "soon"), "a time is written as"),
        (("--to-script", "x.txt"), "ends in .yaml"),
        (("--scrub", "x.txt"), "ends in .dslsrec"),
        (("--export", str(tmp_path / "nowhere" / "x.cast")), "No such file"),
    ):
        said = replay(*words, path)
        assert (said.returncode, said.stdout) == (64, ""), words
        assert why in said.stderr
