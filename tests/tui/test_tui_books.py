"""Runbooks without a key of their own: by one key and in the palette, the site's own among them."""

import asyncio

import pytest
from msgspec.structs import replace
from textual.widgets import Input

from dslsconsole.tui.dialogs.choice import Choice
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.operation import KnownRunbook, Library
from tests.tui.acting_console import FakeRunner, arm, console, dialog, footer, hear_at_once, until


@pytest.fixture(autouse=True)
def _hearing(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_at_once(monkeypatch)


LIBRARY = Library(
    (
        KnownRunbook("failover", "Fail over to the backup", "", "built-in"),
        KnownRunbook("lb-drain", "Drain a server", "It takes no new clients.", "built-in"),
        KnownRunbook("rest-backup", "Restart a backup", "Drained, restarted.", "site"),
    )
)


async def test_one_key_offers_them_all_once_it_is_armed() -> None:
    runner = FakeRunner(library=LIBRARY)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("X")
        await until(pilot, lambda: "needs the console armed" in footer(app))
        await arm(pilot, app)
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        await until(pilot, lambda: "Restart a backup (of this site)" in dialog(app))
        assert "failover" not in dialog(app)
        app.screen.query_one(Input).value = "rest"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert runner.requests[-1].runbook == "rest-backup"


async def test_the_palette_offers_what_was_learnt_when_it_was_armed() -> None:
    runner = FakeRunner(library=LIBRARY)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await until(pilot, lambda: bool(app.books.actions))
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        app.screen.query_one(Input).value = "lb-drain"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert runner.requests[-1].runbook == "lb-drain"


async def test_one_that_is_not_sound_is_told() -> None:
    app = console(FakeRunner(library=Library((), ("b.yaml:1:1: x: y", "c.yaml:1:1: x: y"))))
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await until(pilot, lambda: "not sound: b.yaml:1:1: x: y (and 1 more)" in footer(app))
        await pilot.press("X")
        await until(pilot, lambda: "not sound" in footer(app))
        assert not isinstance(app.screen, Choice)


async def test_what_is_known_is_offered_at_once_and_what_was_added_when_it_has_been_read() -> None:
    runner = FakeRunner(library=LIBRARY)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await until(pilot, lambda: bool(app.books.actions))
        read = asyncio.Event()
        more = KnownRunbook("quarantine", "Keep a node away", "", "built-in")

        async def slowly() -> Library:
            await read.wait()
            return Library((*LIBRARY.runbooks, replace(more, name="quarantine-end", title="End it"), more))

        runner.runbooks = slowly  # type: ignore[method-assign]
        await pilot.press("X", *"quarantine")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        assert app.screen.query_one(Input).value == "quarantine", "what is typed next is meant for the list"
        assert "nothing is called so" in dialog(app)
        read.set()
        await until(pilot, lambda: "Keep a node away" in dialog(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert runner.requests[-1].runbook == "quarantine", "and not the one that only begins so"
