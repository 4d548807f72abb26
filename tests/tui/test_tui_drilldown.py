"""Enter goes into what is selected, Esc comes back; the estate, the events and all about one thing."""

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from dslsconsole.model.frames import Alerts, Change, Frame, Full, Verdicts
from dslsconsole.model.node import Link, NodeReadings, Role
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.snapshot import key
from dslsconsole.model.verdict import Health
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.bars import FooterBar
from dslsconsole.tui.source import Arrival
from tests.tui.test_tui_screen import THEMES, Fed, console, until

PRIMARY, BACKUP = "dsls-primary-01", "dsls-backup-01"


def seen(app: ConsoleApp) -> str:
    """What has the whole screen."""
    panel = app.cluster_screen.panel(app.cluster_screen.zoomed or "nodes")
    return "\n".join([str(panel.border_title), *panel.text()])


async def shows(pilot: Pilot[None], app: ConsoleApp, words: str) -> None:
    try:
        await until(pilot, lambda: words in seen(app))
    except TimeoutError:
        raise AssertionError(f"{words!r} is not in\n{seen(app)}") from None


async def on_row(pilot: Pilot[None], app: ConsoleApp, panel: str, row: str) -> None:
    app.cluster_screen.panel(panel).select(row)
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_enter_goes_from_the_panels_into_a_node_and_esc_comes_back_the_same_way(size: tuple[int, int]) -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.cluster_screen.panel("nodes").cursor_key == PRIMARY)
        await pilot.press("enter")
        assert app.cluster_screen.zoomed == "nodes"
        await on_row(pilot, app, "nodes", "dsls-arbitrator-01")
        await pilot.press("enter")
        await shows(pilot, app, "Node · dsls-arbitrator-01")
        for told in ("does not answer", "no answer within 4 s", "configured as", "was active", "42s"):
            await shows(pilot, app, told)
        await pilot.press("escape")
        await shows(pilot, app, "dsls-backup-01")
        assert app.cluster_screen.panel("nodes").cursor_key == "dsls-arbitrator-01"
        await pilot.press("escape")
        assert app.cluster_screen.zoomed is None
        await pilot.press("escape")
        assert app.cluster_screen.zoomed is None


async def test_a_node_tells_all_that_is_known_of_it() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        await on_row(pilot, app, "nodes", PRIMARY)
        await pilot.press("enter")
        await shows(pilot, app, f"Node · {PRIMARY}")
        for told in ("primary · running · epoch 7 · quorum 3/3, 2 needed", "sees dsls-backup-01", "lag 2s"):
            await shows(pilot, app, told)
        for told in (
            "Running · version 6.425.4 · 212 of 1000 clients",
            "/shared/dsls/licenses",
            "63% free",
            "pid 4711",
        ):
            await shows(pilot, app, told)
        assert "dsls-token-sync.service" in seen(app)
        assert "generation 48211" in seen(app)


@pytest.mark.parametrize("row", ["commercial", "commercial/catia_v6"])
async def test_a_pool_is_plotted_over_its_hour(row: str) -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("4")
        await on_row(pilot, app, "pools", row)
        await pilot.press("enter")
        await shows(pilot, app, "Token pool · commercial")
        for told in ("712 of 1000 in use (71%)", "catia_v6", "as dsls-primary-01 counts it", "1000 │", "0 │"):
            await shows(pilot, app, told)


async def test_a_server_is_shown_as_each_load_balancer_sees_it() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5")
        await on_row(pilot, app, "balancers", "dsls-backup")
        await pilot.press("enter")
        await shows(pilot, app, "Server · dsls-backup · dsls-backup-01")
        (state,) = [line for line in seen(app).split("\n") if line.startswith("state")]
        assert "UP" in state
        assert "MAINT" in state


async def test_an_alert_leads_to_what_it_is_about() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("7")
        await on_row(pilot, app, "alerts", "tokens_low academic")
        await pilot.press("enter")
        await shows(pilot, app, "Token pool · academic")
        await pilot.press("escape")
        await shows(pilot, app, "Alerts")


async def test_the_estate_has_the_worst_cluster_first_and_enter_goes_to_one() -> None:
    hello, full = scenes.healthy(scenes.NOON, "one", "three", "two")
    assert isinstance(full, Full)
    bad = Verdicts(scenes.NOON, (replace(scenes.verdict("two", Health.CRITICAL), sentence="nobody serves"),))
    app = console([hello, full, bad])
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.cluster_name == "one")
        await pilot.press("1")
        await shows(pilot, app, "1 of 3 not in order")
        rows = [line for line in seen(app).split("\n") if " ok " in line or "critical" in line]
        assert [row.split()[1] for row in rows] == ["two", "one", "three"]
        assert "nobody serves" in rows[0]
        assert "commercial 71%" in rows[0]
        assert app.cluster_screen.panel("estate").cursor_key == "one"
        await pilot.press("up", "enter")
        await until(pilot, lambda: app.cluster_name == "two")
        assert app.cluster_screen.zoomed is None


async def test_what_happens_is_told_in_its_order_and_leads_to_where_it_did() -> None:
    fed = Fed()
    app = ConsoleApp(fed, clock=lambda: scenes.NOON + 6, themes=THEMES)
    async with app.run_test(size=(120, 40)) as pilot:
        fed.queue.put_nowait(Arrival(tuple(scenes.healthy())))
        await pilot.press("e")
        await shows(pilot, app, "nothing has changed since this console looks")
        for frame in moved(scenes.NOON + 5):
            fed.queue.put_nowait(Arrival((frame,)))
        await shows(pilot, app, "production-cluster is critical")
        assert "12:00:10Z•" in seen(app), "it is new"
        lines = [line.replace("•", " ") for line in seen(app).split("\n")]
        told = [line.split("  ", 1)[1].strip() for line in lines if "12:00:10Z" in line]
        assert [line.split(" ", 2)[2] for line in told][:2] == [
            f"{PRIMARY} is lost: no answer within 4 s",
            f"{BACKUP} became primary, was backup",
        ]
        await on_row(pilot, app, "events", f"0 nodes {PRIMARY}")
        await pilot.press("enter")
        await shows(pilot, app, f"Node · {PRIMARY}")
        assert "is lost: no answer within 4 s" in seen(app)


def moved(at: float) -> list[Frame]:
    """The primary is lost, the backup takes over, an alert is raised."""
    lost: Reading[Link] = Reading(
        value=None, failure=Failure(FailureKind.NO_ANSWER, f"{PRIMARY}: no answer within 4 s"), tried_at=at
    )
    before = scenes.node(BACKUP, at)
    status = before.cluster.value
    assert status is not None
    after = replace(before, cluster=replace(before.cluster, value=replace(status, role=Role.PRIMARY, epoch=8)))
    nodes = {key(scenes.CLUSTER, PRIMARY): NodeReadings(link=lost), key(scenes.CLUSTER, BACKUP): after}
    judged = replace(scenes.verdict(health=Health.CRITICAL), sentence="one node is lost")
    return [Change(at, {}, nodes), Verdicts(at, (judged,)), Alerts(at, scenes.alerts(at)[:1])]


async def test_what_was_gone_into_stays_true_when_the_cluster_changes() -> None:
    hello, full = scenes.healthy(scenes.NOON, "one", "two")
    assert isinstance(full, Full)
    other = {place: node for place, node in full.snapshot.nodes.items() if place.startswith("one/")}
    app = console([hello, replace(full, snapshot=replace(full.snapshot, nodes=other))])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("4")
        await on_row(pilot, app, "pools", "academic")
        await pilot.press("enter")
        await shows(pilot, app, "Token pool · academic")
        await pilot.press("right_square_bracket")
        await shows(pilot, app, "not part of this cluster")


async def test_a_wallboard_goes_nowhere() -> None:
    app = console(scenes.healthy(), wallboard=True)
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.press("enter", "e", "1", "3")
        assert app.cluster_screen.zoomed is None


async def test_a_row_or_a_panel_is_copied_whole_to_the_terminals_clipboard() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.cluster_screen.panel("nodes").cursor_key == PRIMARY)
        await pilot.press("y")
        assert app.clipboard.split("\t")[:4] == ["●", PRIMARY, "primary", "active"]
        assert "sent to the terminal's clipboard: 1 line" in app.cluster_screen.query_one(FooterBar).text
        await pilot.press("7", "w")
        title, first, *_ = app.clipboard.split("\n")
        assert title == "Alerts · 3"
        assert first == "✖ dsls-arbitrator-01 does not answer · critical since 11:59:24Z"
        assert app.clipboard.count("→") == 3, "what is not in sight is copied too"


async def test_a_panel_is_sorted_by_one_column_after_the_other() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("4")
        await shows(pilot, app, "commercial")

        def order() -> list[str]:
            return [
                name for line in seen(app).split("\n") for name in ("academic", "commercial") if f" {name} " in line
            ]

        assert order() == ["commercial", "academic"]
        await pilot.press("s")
        await shows(pilot, app, "pool↓")
        assert order() == ["academic", "commercial"]
        await pilot.press("i")
        await shows(pilot, app, "pool↑")
        assert order() == ["commercial", "academic"]
        for _ in range(20):
            await pilot.press("s")
            if "in the panel's own order" in app.cluster_screen.query_one(FooterBar).text:
                break
        assert "↓" not in seen(app)
        assert order() == ["commercial", "academic"]


async def test_g_goes_to_what_changed_last() -> None:
    fed = Fed()
    app = ConsoleApp(fed, clock=lambda: scenes.NOON + 6, themes=THEMES)
    async with app.run_test(size=(120, 40)) as pilot:
        fed.queue.put_nowait(Arrival(tuple(scenes.healthy())))
        await until(pilot, lambda: app.cluster_name is not None)
        await pilot.press("g")
        assert "nothing has changed" in app.cluster_screen.query_one(FooterBar).text
        fed.queue.put_nowait(Arrival((moved(scenes.NOON + 5)[0],)))
        await until(pilot, lambda: len(app.events) > 1)
        await pilot.press("g")
        await shows(pilot, app, f"Node · {BACKUP}")
