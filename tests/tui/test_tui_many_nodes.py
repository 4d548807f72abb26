"""What a thousand nodes cost a terminal: counted in bytes, which are the same on every machine."""

from collections.abc import AsyncGenerator

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from dslsconsole.model.frames import Change, Frame, Full, Hello
from dslsconsole.model.node import Peer
from dslsconsole.model.snapshot import key
from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.bars import HeaderBar
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.source import Arrival
from dslsconsole.tui.themes import load
from tests.tui.test_tui_bytes import SIZE, Clock, Counted, Fed, Running, in_256_colours, shown, until

__all__ = ["in_256_colours"]
NODES = 1_000
NAMES = tuple(f"dsls-{number:04}" for number in range(NODES))
PRIMARY, BACKUP = "dsls-primary-01", "dsls-backup-01"


def thousand(at: float = scenes.NOON) -> list[Frame]:
    """A cluster of a primary and a thousand servers like its backup."""
    hello, full = scenes.healthy(at)
    assert isinstance(hello, Hello)
    assert isinstance(full, Full)
    (cluster,) = hello.estate.clusters
    like = next(one for one in cluster.nodes if one.name == BACKUP)
    first = next(one for one in cluster.nodes if one.name == PRIMARY)
    many = replace(cluster, nodes=(first, *(replace(like, name=name) for name in NAMES)))
    readings = full.snapshot.nodes[key(scenes.CLUSTER, BACKUP)]
    nodes = {key(scenes.CLUSTER, name): readings for name in NAMES}
    primary = full.snapshot.nodes[key(scenes.CLUSTER, PRIMARY)]
    status = primary.cluster.value
    assert status is not None
    peers = tuple(Peer(name, 27000, "backup", "running", "ok", 2.0) for name in NAMES)
    nodes[key(scenes.CLUSTER, PRIMARY)] = replace(
        primary, cluster=replace(primary.cluster, value=replace(status, peers=peers))
    )
    estate = replace(hello.estate, clusters=(many,))
    return [replace(hello, estate=estate), replace(full, snapshot=replace(full.snapshot, nodes=nodes))]


def some_changed(at: float, every: int) -> Change:
    """One of so many nodes became primary, which is told in its row."""
    changed = scenes.node(BACKUP, at, primary=BACKUP)
    return Change(at, {}, {key(scenes.CLUSTER, name): changed for name in NAMES[::every]})


@pytest.fixture
async def many() -> AsyncGenerator[Running, None]:
    fed, clock = Fed(), Clock()
    app = Counted(fed, clock=clock, themes=load([shipped("themes")]))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app, fed, Arrival(tuple(thousand())))
        await pilot.press("3")
        await pilot.pause(0.1)
        yield pilot, app, fed, clock


async def pressed(pilot: Pilot[None], app: Counted, *keys: str) -> int:
    before = app.driver.sent
    await pilot.press(*keys)
    await pilot.pause()
    await pilot.pause(0.2)
    return app.driver.sent - before


async def test_the_start_up_costs_less_than_90_kb() -> None:
    fed = Fed()
    app = Counted(fed, clock=Clock(), themes=load([shipped("themes")]))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app, fed, Arrival(tuple(scenes.healthy())))
        assert 5_000 < app.driver.sent < 90_000


async def test_a_list_of_which_two_in_a_hundred_changed_costs_less_than_5_kb(many: Running) -> None:
    pilot, app, fed, clock = many
    assert NAMES[0] in "\n".join(app.cluster_screen.panel("nodes").text())
    clock.now += 5
    assert 0 < await shown(pilot, app, fed, Arrival((some_changed(clock.now, 50),))) < 5_000


async def test_a_page_costs_less_than_15_kb(many: Running) -> None:
    pilot, app, _, _ = many
    assert 0 < await pressed(pilot, app, "pagedown") < 1_000, "the cursor goes to the last line in sight"
    assert 1_000 < await pressed(pilot, app, "pagedown") < 15_000
    assert NAMES[60] in "\n".join(app.cluster_screen.panel("nodes").text())


async def test_a_dialog_over_live_panels_holds_their_repaint(many: Running) -> None:
    pilot, app, fed, clock = many
    app.push_screen(Question("Is it so?", "A question."))
    await pilot.pause(0.2)
    clock.now += 5
    at_first = await shown(pilot, app, fed, Arrival((some_changed(clock.now, 1),)))
    assert at_first < 1_500, "the lines at the top alone"
    assert "panels of 12:00:05Z" in app.cluster_screen.query_one(HeaderBar).text
    clock.now += 5
    while_asked = await shown(pilot, app, fed, Arrival((some_changed(clock.now, 2),)))
    assert while_asked < 1_500, "the lines at the top alone"
    assert await pressed(pilot, app, "escape") > while_asked, "now it is drawn"


async def test_one_number_that_changes_costs_less_than_300_bytes() -> None:
    fed, clock = Fed(), Clock()
    app = Counted(fed, clock=clock, themes=load([shipped("themes")]))
    async with app.run_test(size=SIZE) as pilot:
        frames = scenes.healthy()
        await shown(pilot, app, fed, Arrival(tuple(frames)))
        full = frames[1]
        assert isinstance(full, Full)
        name = "dsls-primary-01"
        before = full.snapshot.nodes[key(scenes.CLUSTER, name)]
        status = before.status.value
        assert status is not None
        assert status.connections is not None
        now = replace(status, connections=status.connections + 1)
        changed = replace(before, status=replace(before.status, value=now))
        cost = await shown(
            pilot, app, fed, Arrival((Change(scenes.NOON + 1, {}, {key(scenes.CLUSTER, name): changed}),))
        )
        assert await _tells(pilot, app, f"{now.connections}")
        assert cost < 300


async def _tells(pilot: Pilot[None], app: Counted, words: str) -> bool:
    await until(pilot, lambda: words in "\n".join(app.cluster_screen.panel("nodes").text()))
    return True
