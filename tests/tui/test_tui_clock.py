"""Times in UTC with the local time beside, or all in the time that clocks go by where somebody looks."""

from zoneinfo import ZoneInfo

import pytest

from dslsconsole.tui import scenes
from dslsconsole.tui.bars import FooterBar, HeaderBar
from dslsconsole.tui.recorder import looked_at
from dslsconsole.tui.start import zone_here
from tests.tui.test_tui_drilldown import seen, shows
from tests.tui.test_tui_screen import console, until

KATHMANDU = ZoneInfo("Asia/Kathmandu")


async def test_the_local_time_stands_beside_utc_where_there_is_room() -> None:
    app = console(scenes.troubled(), here=KATHMANDU)
    async with app.run_test(size=(160, 50)) as pilot:
        header = app.cluster_screen.query_one(HeaderBar)
        await until(pilot, lambda: "12:00:05Z · 17:45:05 +0545" in header.text)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "12:00:05Z " in header.text and "17:45:05" not in header.text)


async def test_u_shows_all_times_as_clocks_go_here_and_again_in_utc() -> None:
    app = console(scenes.troubled(), here=KATHMANDU)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("7")
        await shows(pilot, app, "since 11:59:24Z")
        await pilot.press("u")
        await shows(pilot, app, "since 17:44:24")
        assert "since 11:59:24Z" not in seen(app)
        assert "17:45:05 +0545" in app.cluster_screen.query_one(HeaderBar).text
        assert "times of Asia/Kathmandu" in app.cluster_screen.query_one(FooterBar).text
        assert looked_at(app, 0.0).zone == "Asia/Kathmandu", "a recording plays with the times that were seen"
        await pilot.press("u")
        await shows(pilot, app, "since 11:59:24Z")


async def test_where_clocks_go_by_utc_u_says_so() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "12:00:05Z" in app.cluster_screen.query_one(HeaderBar).text)
        await pilot.press("u")
        assert "clocks go by UTC here: set TZ" in app.cluster_screen.query_one(FooterBar).text


@pytest.mark.parametrize(
    ("tz", "zone"), [("Europe/Berlin", "Europe/Berlin"), ("UTC", None), ("Etc/UTC", None), ("nowhere/at-all", None)]
)
def test_the_zone_is_that_of_who_started_it(tz: str, zone: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", tz)
    found = zone_here()
    assert (found.key if found else None) == zone
