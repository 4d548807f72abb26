"""Pictures of the screens, made from the running program: `python -m dslsconsole.tui.pictures DIRECTORY`."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from dslsconsole.model.frames import Frame
from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.source import PlayedFrames
from dslsconsole.tui.themes import load

SIZES = ((80, 24), (120, 40), (200, 60))


async def picture(frames: Sequence[Frame], size: tuple[int, int], theme: str, keys: Sequence[str] = ()) -> str:
    """The screen after these frames and keys, as SVG."""
    app = ConsoleApp(
        PlayedFrames([frames]), clock=lambda: scenes.NOON + 1.0, themes=load([shipped("themes")]), theme=theme
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return app.export_screenshot(title="dslsconsole", simplify=True)


async def make(directory: Path) -> list[Path]:
    """Every picture, as files."""
    directory.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    wanted = {f"cluster-{width}x{height}": (scenes.troubled(), (width, height), "dark", ()) for width, height in SIZES}
    for theme in load([shipped("themes")]).themes:
        wanted[f"theme-{theme}"] = (scenes.troubled(), (120, 40), theme, ())
    wanted["healthy"] = (scenes.healthy(), (120, 40), "dark", ())
    wanted["alerts"] = (scenes.troubled(), (120, 40), "dark", ("7",))
    wanted["help"] = (scenes.healthy(), (120, 40), "dark", ("question_mark",))
    for name, (frames, size, theme, keys) in wanted.items():
        path = directory / f"{name}.svg"
        path.write_text(await picture(frames, size, theme, keys), encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    for made in asyncio.run(make(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))):
        print(made)
