"""Enter on a node or a pool looks closely: the log, the configuration file, who holds licences; r looks again."""

import asyncio

from dslsconsole.model.inspection import Holder, Inspection
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.bars import FooterBar
from dslsconsole.tui.inspecting import Inspector
from dslsconsole.tui.operation import RunFailed
from dslsconsole.tui.source import PlayedFrames
from tests.tui.test_tui_drilldown import BACKUP, PRIMARY, on_row, seen, shows
from tests.tui.test_tui_screen import THEMES, until

HOLDERS = (
    Holder("ada", "ws-001", "catia_v6", 20, scenes.NOON - 3600, 1800.0),
    Holder("bob", "ws-002", "catia_v6", 20, scenes.NOON - 60, 5.0),
    Holder("mallory\x1b]0;x", "ws-666", "catia_v6", None, None, None),
    Holder("carl", "ws-003", "another_pool", 5, scenes.NOON, 0.0),
)


def told(node: str, line: str = "Started dsls-primary.service.") -> Inspection:
    return Inspection(
        scenes.CLUSTER,
        node,
        scenes.NOON,
        "dsls-primary",
        Reading(("the line before", line), scenes.NOON, "probe"),
        Reading(None, None, "probe", Failure(FailureKind.PERMISSION, f"{node}: primary.conf may not be read"), None),
        Reading(HOLDERS, scenes.NOON, "probe"),
    )


class Asked:
    """An inspector that answers when the test lets it."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.answers: asyncio.Queue[Inspection | RunFailed] = asyncio.Queue()

    async def inspect(self, cluster: str, node: str) -> Inspection:
        self.nodes.append(node)
        answer = await self.answers.get()
        if isinstance(answer, RunFailed):
            raise answer
        return answer


def console(inspector: Inspector | None) -> ConsoleApp:
    frames = PlayedFrames([scenes.healthy()])
    return ConsoleApp(frames, clock=lambda: scenes.NOON + 1, themes=THEMES, inspector=inspector)


async def test_a_node_is_looked_at_when_it_is_entered_and_again_by_r() -> None:
    asked = Asked()
    app = console(asked)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("3")
        await on_row(pilot, app, "nodes", PRIMARY)
        await pilot.press("enter")
        await shows(pilot, app, "being read")
        asked.answers.put_nowait(told(PRIMARY))
        await shows(pilot, app, "log of dsls-primary")
        assert "Started dsls-primary.service." in seen(app)
        assert "primary.conf may not be read" in seen(app)
        await pilot.press("escape", "enter")
        assert asked.nodes == [PRIMARY], "what is known is shown again"
        await pilot.press("r")
        asked.answers.put_nowait(told(PRIMARY, "Stopped."))
        await shows(pilot, app, "Stopped.")
        await pilot.press("r")
        asked.answers.put_nowait(RunFailed("the look at it ended with status 1"))
        await shows(pilot, app, "the look at it ended with status 1")
        assert "Stopped." in seen(app), "what was seen stays"


async def test_a_pool_tells_who_holds_its_licences_idle_ones_first() -> None:
    asked = Asked()
    app = console(asked)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("4")
        await on_row(pilot, app, "pools", "commercial")
        await pilot.press("enter")
        await until(pilot, lambda: asked.nodes == [PRIMARY])
        asked.answers.put_nowait(told(PRIMARY))
        await shows(pilot, app, "held by 3 users in 3 checkouts")
        text = seen(app)
        assert text.index("ada") < text.index("bob") < text.index("mallory")
        assert "carl" not in text
        assert "\x1b" not in text


async def test_r_says_what_it_is_for_where_there_is_nothing_to_look_at() -> None:
    asked = Asked()
    app = console(asked)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.cluster_name is not None)
        await pilot.press("r")
        assert "Enter on a node or a pool first" in app.cluster_screen.query_one(FooterBar).text
        assert asked.nodes == []


async def test_without_one_who_looks_a_node_is_shown_as_ever() -> None:
    app = console(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        await on_row(pilot, app, "nodes", BACKUP)
        await pilot.press("enter")
        await shows(pilot, app, f"Node · {BACKUP}")
        assert "looked at closely" not in seen(app)
