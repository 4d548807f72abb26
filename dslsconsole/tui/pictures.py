"""Pictures of the screens, made from the running program: `python -m dslsconsole.tui.pictures DIRECTORY`."""

import argparse
import asyncio
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from dslsconsole.model.frames import Frame
from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.operation import KnownOperation, Library, Plan, Request, RunFailed, Running
from dslsconsole.tui.source import PlayedFrames
from dslsconsole.tui.themes import load

SIZES = ((80, 24), (120, 40), (200, 60))


async def picture(one: "Wanted") -> str:
    """The screen after these frames and keys, as SVG."""
    app = ConsoleApp(
        PlayedFrames([one.frames]),
        clock=lambda: scenes.NOON + 1.0,
        themes=load([shipped("themes")]),
        theme=one.theme,
        runner=_NothingRuns(),
    )
    async with app.run_test(size=one.size) as pilot:
        await pilot.pause()
        await pilot.press(*one.keys)
        if one.run:
            dialog = RunDialog(scenes.plan())
            app.push_screen(dialog)
            await pilot.pause()
            ended = tuple(replace(step, outcome="done") for step in scenes.plan().steps)
            dialog.follow(one.run, replace(scenes.plan(), steps=ended, sentence=scenes.OUTCOME), None)
        elif one.plan is not None:
            app.push_screen(
                PlanDialog(one.plan, Request(one.plan.runbook, one.plan.cluster, "INC-1234 disk failing"), scenes.NOON)
            )
        await pilot.pause()
        return app.export_screenshot(title="dslsconsole")


class Wanted(Struct, frozen=True):
    """One picture."""

    frames: tuple[Frame, ...]
    size: tuple[int, int] = (120, 40)
    theme: str = "dark"
    keys: tuple[str, ...] = ()
    plan: Plan | None = None
    run: tuple[LogEntry, ...] = ()


class _NothingRuns:
    """A console that may act, of which nothing is asked."""

    async def plan(self, request: Request) -> Plan:
        raise RunFailed("a picture has no plan of its own")

    async def rehearse(self, request: Request) -> Plan:
        raise RunFailed("of a picture there is no model")

    async def runbooks(self) -> Library:
        return Library()

    def start(self, request: Request, plan: Plan) -> Running:
        raise RunFailed("a picture runs nothing")

    async def operations(self) -> tuple[KnownOperation, ...]:
        return ()

    async def stop(self, operation: str) -> str:
        raise RunFailed("in a picture nothing runs")

    def resume(self, operation: str, decision: str, cluster: str, reason: str, whose: str = "") -> Running:
        raise RunFailed("a picture runs nothing")


def wanted() -> dict[str, Wanted]:
    """Every picture by the name of its file."""
    troubled, healthy = tuple(scenes.troubled()), tuple(scenes.healthy())
    return {
        **{f"cluster-{width}x{height}": Wanted(troubled, (width, height)) for width, height in SIZES},
        **{f"theme-{theme}": Wanted(troubled, theme=theme) for theme in load([shipped("themes")]).themes},
        "healthy": Wanted(healthy),
        "node": Wanted(tuple(scenes.primary_lost()), keys=("3", "enter")),
        "pool": Wanted(healthy, keys=("4", "enter")),
        "primary-lost": Wanted(tuple(scenes.primary_lost())),
        "alerts": Wanted(troubled, keys=("7",)),
        "plan": Wanted(healthy, plan=scenes.plan()),
        "run": Wanted(healthy, run=scenes.run()),
        "help": Wanted(healthy, keys=("question_mark",)),
    }


def make(directory: Path) -> list[Path]:
    """Every picture, as files."""
    directory.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for name, one in wanted().items():
        path = directory / f"{name}.svg"
        path.write_text(asyncio.run(picture(one)), encoding="utf-8")
        paths.append(path)
    return paths


def main() -> None:
    """Make the pictures in the directory that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m dslsconsole.tui.pictures", description=make.__doc__)
    parser.add_argument("directory", nargs="?", default="pictures", type=Path, help="made if need be (%(default)s)")
    for made in make(parser.parse_args().directory):
        print(made)


if __name__ == "__main__":
    main()
