"""Whatever an operator does, and whatever happens meanwhile: the session plays in the same screens again."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslsconsole.model.frames import Alerts, Frame
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.journal_feed import News
from tests.tui.test_tui_drilldown import moved
from tests.tui.test_tui_replay import Session, checked

KEYS = (
    *("1", "2", "3", "4", "5", "6", "7", "8", "9", "e", "z", "s", "i", "g", "u", "r", "c", "a", "f1"),
    *("question_mark", "colon", "slash", "enter", "escape", "tab", "shift+tab", "up", "down", "left", "right"),
    *("pagedown", "pageup", "home", "end", "x", "d"),
)
SIZES = ((80, 24), (120, 40), (200, 60), (60, 20), (97, 33))

pressed = st.tuples(st.just("press"), st.sampled_from(KEYS))
resized = st.tuples(st.just("resize"), st.sampled_from(SIZES))
happened = st.tuples(st.just("happen"), st.sampled_from(("tick", "lost", "alerts", "well", "log")))
steps = st.lists(st.one_of(pressed, pressed, pressed, resized, happened), min_size=5, max_size=25)


def frames(what: str, at: float) -> list[Frame]:
    """What the reading process tells then."""
    if what == "lost":
        return moved(at)
    if what == "well":
        return scenes.healthy(at)
    return [scenes.tick(at), *([Alerts(at, scenes.alerts(at))] if what == "alerts" else [])]


async def play(directory: Path, done: list[tuple[str, object]]) -> None:
    session = Session(directory)
    async with session.app.run_test(size=(120, 40)) as pilot:
        await session.goes_on(pilot, 0, *scenes.healthy())
        for kind, what in done:
            if kind == "press":
                await pilot.press(str(what))
            elif kind == "resize" and isinstance(what, tuple):
                await pilot.resize_terminal(*what)
            elif what == "log":
                session.app.post_message(ConsoleApp.Arrived(News(scenes.run(session.clock.now))))
            else:
                await session.goes_on(pilot, 3, *frames(str(what), session.clock.now + 3))
            await session.goes_on(pilot, 6)
        await pilot.press("escape", "escape")
        await session.goes_on(pilot, 6)
    result = await checked(session.path)
    assert result.difference is None, "\n".join(result.difference.lines)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(steps)
def test_a_random_session_plays_the_same_screens_again(done: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as name:
        asyncio.run(play(Path(name), done))
