"""The wallboard: large figures, the cluster in trouble in front, and in words that the data stopped."""

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from dslsconsole.model.frames import Frame, Full, Hello, Trouble, Verdicts
from dslsconsole.model.verdict import Health
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.bars import SentenceBar
from dslsconsole.tui.render.wall import HEIGHT, TALL, large
from dslsconsole.tui.source import Arrival
from dslsconsole.tui.wall import Wall
from tests.tui.test_tui_screen import THEMES, Fed, until

LATER = 61.0


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = scenes.NOON + 1

    def __call__(self) -> float:
        return self.now


class Board:
    """A wallboard and what it is fed with."""

    def __init__(self, frames: list[Frame], rotate_s: float | None = None) -> None:
        self.clock = Hands()
        self.fed = Fed()
        self.fed.queue.put_nowait(Arrival(tuple(frames)))
        self.app = ConsoleApp(self.fed, clock=self.clock, themes=THEMES, wallboard=True, rotate_s=rotate_s)

    def text(self) -> str:
        return "\n".join(self.app.cluster_screen.query_one(Wall).text())

    def shows(self, word: str) -> bool:
        """Whether a word stands there in large letters."""
        return all(line in self.text() for line in large(word))

    def alone(self) -> bool:
        return self.app.cluster_screen.query_one("#panels").display is False

    async def says(self, pilot: Pilot[None], word: str) -> None:
        try:
            await until(pilot, lambda: self.shows(word))
        except TimeoutError:
            raise AssertionError(f"{word} is not in\n{self.text()}") from None


def test_letters_are_of_one_height_and_width() -> None:
    for word in ("OK", "WARNING", "CRITICAL", "UNKNOWN", "NO DATA", "96%", "3/3", "?", "12:00:05Z"):
        assert len(large(word)) == TALL
        assert len({len(line) for line in large(word)}) == 1
        assert any(line.strip() for line in large(word))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_health_and_figures_are_large_at_every_size(size: tuple[int, int]) -> None:
    board = Board(scenes.troubled())
    async with board.app.run_test(size=size) as pilot:
        await board.says(pilot, "CRITICAL")
        for figure in ("96%", "2/3", "3"):
            assert board.shows(figure)
        for label in ("academic in use", "votes", "alerts", "nodes 42s late", "tokens 12:00:05Z"):
            assert label in board.text()
        assert board.app.cluster_screen.query_one(Wall).size.height == HEIGHT
        alerts = board.app.cluster_screen.panel("alerts")
        assert any("does not answer" in line for line in alerts.text())
        shown = [name for name in ("nodes", "pools", "log") if board.app.cluster_screen.panel(name).size.height]
        assert shown == (["nodes", "pools", "log"] if size[1] > 50 else [])


async def test_when_the_data_stops_the_whole_screen_says_so_and_since_when() -> None:
    board = Board(scenes.healthy())
    async with board.app.run_test(size=(120, 40)) as pilot:
        await board.says(pilot, "OK")
        board.clock.now += LATER
        board.app.draw()
        await board.says(pilot, "NO DATA")
        assert board.shows("12:00:05Z")
        assert "last good reading 2027-01-01 12:00:05Z, 62s ago" in board.text()
        assert not board.shows("OK")
        await until(pilot, board.alone)
        board.fed.queue.put_nowait(Arrival(tuple(scenes.healthy(scenes.NOON + LATER))))
        await board.says(pilot, "OK")
        assert not board.shows("NO DATA")
        assert not board.alone()


async def test_when_the_reading_process_stops_it_says_so_at_once_with_the_reason() -> None:
    board = Board(scenes.healthy())
    async with board.app.run_test(size=(80, 24)) as pilot:
        await board.says(pilot, "OK")
        why = "the reading process stopped, last reading 12:00:05Z: it ended with status 70; starting it again in 1 s"
        board.fed.queue.put_nowait(Arrival(trouble=why))
        await board.says(pilot, "NO DATA")
        assert "it ended with status 70" in " ".join(board.text().split())


async def test_before_anything_was_read_it_says_that() -> None:
    board = Board([])
    async with board.app.run_test(size=(80, 24)) as pilot:
        await board.says(pilot, "NO DATA")
        assert "nothing was read yet" in board.text()


async def test_what_troubles_the_reading_process_while_it_reads_takes_no_figure_away() -> None:
    board = Board([*scenes.healthy(), Trouble(scenes.NOON, "the webhook takes nothing")])
    async with board.app.run_test(size=(120, 40)) as pilot:
        await board.says(pilot, "OK")
        await until(pilot, lambda: "webhook" in board.app.cluster_screen.query_one(SentenceBar).text)


async def test_it_goes_through_the_clusters_and_stays_with_the_one_in_trouble() -> None:
    board = Board(scenes.healthy(scenes.NOON, "one", "three", "two"), rotate_s=3600)
    turn = board.app._navigation.rotate
    async with board.app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: board.app.cluster_name == "one")
        seen = []
        for _ in range(4):
            turn()
            seen.append(board.app.cluster_name)
        assert seen == ["three", "two", "one", "three"]
        bad = replace(scenes.verdict("two", Health.CRITICAL), sentence="nobody serves")
        board.fed.queue.put_nowait(Arrival((Verdicts(scenes.NOON + 1, (bad,)),)))
        await until(pilot, lambda: board.app.cluster_name == "two")
        turn()
        assert board.app.cluster_name == "two"
        worse = replace(scenes.verdict("one", Health.CRITICAL), sentence="nobody serves")
        board.fed.queue.put_nowait(Arrival((Verdicts(scenes.NOON + 2, (worse,)),)))
        await until(pilot, lambda: board.app.picture.verdicts["one"].health is Health.CRITICAL)
        assert board.app.cluster_name == "two", "it does not jump from one in trouble to another"
        turn()
        assert board.app.cluster_name == "one"
        fine = tuple(scenes.verdict(name) for name in ("one", "two"))
        board.fed.queue.put_nowait(Arrival((Verdicts(scenes.NOON + 3, fine),)))
        await until(pilot, lambda: board.app.picture.verdicts["one"].health is Health.OK)
        turn()
        assert board.app.cluster_name == "three"


async def test_it_goes_on_when_the_estate_has_other_clusters() -> None:
    board = Board(scenes.healthy(scenes.NOON, "one", "two"), rotate_s=3600)
    async with board.app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: board.app.cluster_name == "one")
        hello, full = scenes.healthy(scenes.NOON + 1, "two", "four")
        assert isinstance(hello, Hello)
        assert isinstance(full, Full)
        board.fed.queue.put_nowait(Arrival((hello, full)))
        await until(pilot, lambda: board.app.cluster_name == "two")
        board.app._navigation.rotate()
        assert board.app.cluster_name == "four"
