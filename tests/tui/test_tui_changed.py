"""What changed since somebody looked is marked until somebody was there to see it."""

from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.recorder import looked_at
from dslsconsole.tui.source import Arrival
from tests.tui.test_tui_drilldown import BACKUP, PRIMARY, moved
from tests.tui.test_tui_screen import THEMES, Fed, console, until


def rows(app: ConsoleApp, panel: str) -> str:
    return "\n".join(app.cluster_screen.panel(panel).text())


async def test_a_row_that_changed_is_marked_until_somebody_has_seen_it() -> None:
    fed, now = Fed(), [scenes.NOON + 1]
    app = ConsoleApp(fed, clock=lambda: now[0], themes=THEMES)
    async with app.run_test(size=(160, 50)) as pilot:
        fed.queue.put_nowait(Arrival(tuple(scenes.healthy())))
        await until(pilot, lambda: PRIMARY in rows(app, "nodes"))
        assert "•" not in rows(app, "nodes")
        for frame in moved(scenes.NOON + 5):
            fed.queue.put_nowait(Arrival((frame,)))
        now[0] = scenes.NOON + 6
        await until(pilot, lambda: f"•{PRIMARY}" in rows(app, "nodes"))
        assert f"•{BACKUP}" in rows(app, "nodes")
        assert "•" not in rows(app, "pools"), "of them nothing happened"
        assert "✖•" in rows(app, "alerts")

        await pilot.press("tab")
        assert f"•{PRIMARY}" in rows(app, "nodes"), "nobody can have read it so soon"
        now[0] = scenes.NOON + 60
        await pilot.press("tab")
        await until(pilot, lambda: "•" not in rows(app, "nodes"))
        assert looked_at(app, now[0]).seen == now[0] - 2


async def test_on_a_wallboard_where_nobody_presses_a_key_nothing_is_marked() -> None:
    app = console(scenes.healthy(), wallboard=True)
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: PRIMARY in rows(app, "nodes"))
        assert app.seen is None
