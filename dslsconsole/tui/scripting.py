"""Drives a console by a script, as a person would: it reads what stands there, waits, and types."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from msgspec import Struct
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from dslsconsole.sessions.script import Condition, Expect, Fault, Press, Say, Screenshot, Script, Step, Type, WaitFor
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.dialogs.dialog import Dialog
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.render.cells import Tone
from dslsconsole.tui.table import LineTable

LOOKS_EVERY_S = 0.1
_NAMED = {" ": "space"}


class NotMet(Exception):  # noqa: N818 - an end of the script, not an error
    """What the script waited for or expected is not so, or the practice estate refuses; the text says which."""


class Failed(Struct, frozen=True):
    """The step that was not met, and what stood on the screen then."""

    number: int
    why: str
    screen: str


class Drive:
    """One run of a script on one console.

    Args:
        practice: breaks and mends the practice estate: words, and whether to mend. Raises NotMet where it refuses.
        pace_s: how long a person is given to read between two steps; 0 as a test.
        pictures: where screenshots go.
        stays: what is said at the end where the console is not left but handed over.
    """

    def __init__(
        self,
        script: Script,
        practice: Callable[[tuple[str, ...], bool], Awaitable[None]],
        *,
        pace_s: float = 0.0,
        pictures: Path | None = None,
        stays: str = "",
    ) -> None:
        self._script = script
        self._practice = practice
        self._pace_s = pace_s
        self._pictures = pictures
        self._stays = stays
        self.failed: Failed | None = None
        self.said: list[str] = []

    async def __call__(self, pilot: Pilot[object]) -> None:
        """Run it, and leave the console. What was not met is in `failed`."""
        app = pilot.app
        assert isinstance(app, ConsoleApp)
        for number, step in enumerate(self._script.steps, 1):
            try:
                await self._do(app, pilot, step)
            except NotMet as why:
                self.failed = Failed(number, str(why), screen(app))
                break
            if self._pace_s:
                await asyncio.sleep(self._pace_s)
        if self._stays and self.failed is None:
            app.say(self._stays, Tone.ACCENT)
        else:
            app.exit()

    async def _do(self, app: ConsoleApp, pilot: Pilot[object], step: Step) -> None:
        match step:
            case Say(text):
                self.said.append(text)
                app.say(text, Tone.ACCENT)
                await asyncio.sleep(self._pace_s * 2)
            case Press(keys):
                await _heard(app)
                await pilot.press(*keys)
            case Type(text, enter):
                await _heard(app)
                for letter in text:
                    await pilot.press(_NAMED.get(letter, letter))
                    await asyncio.sleep(self._pace_s / 20)
                if enter:
                    await pilot.press("enter")
            case Fault(words, heal):
                await self._practice(words, heal)
            case WaitFor(condition, seconds):
                await _until(app, condition, seconds)
            case Expect(condition):
                if (missing := lacking(app, condition)) is not None:
                    raise NotMet(missing)
            case Screenshot(name):
                await pilot.pause()
                if self._pictures is not None:
                    app.save_screenshot(f"{Path(name).stem}.svg", str(self._pictures))


async def _heard(app: ConsoleApp) -> None:
    """A dialog that was just opened takes no key yet."""
    while isinstance(app.screen, Dialog) and not app.screen.hears():  # noqa: ASYNC110 - it is a span of time
        await asyncio.sleep(LOOKS_EVERY_S)


async def _until(app: ConsoleApp, condition: Condition, seconds: float) -> None:
    missing: str | None = None
    try:
        async with asyncio.timeout(seconds):
            while (missing := lacking(app, condition)) is not None:  # noqa: ASYNC110 - as a person looks
                await asyncio.sleep(LOOKS_EVERY_S)
    except TimeoutError:
        raise NotMet(f"within {seconds:g} s {missing}") from None


def lacking(app: ConsoleApp, condition: Condition) -> str | None:
    """What of it is not so now, in words; None where all of it is."""
    shown = " ".join(screen(app).split())
    alerts = {alert.id for alert in app.picture.alerts}
    if condition.text is not None and " ".join(condition.text.split()) not in shown:
        return f"the screen does not show {condition.text!r}"
    if condition.no_text is not None and " ".join(condition.no_text.split()) in shown:
        return f"the screen shows {condition.no_text!r}"
    if condition.alert is not None and condition.alert not in alerts:
        return f"there is no alert {condition.alert}, but {', '.join(sorted(alerts)) or 'none'}"
    if condition.no_alert is not None and condition.no_alert in alerts:
        return f"there is an alert {condition.no_alert}"
    for node, role in (condition.role or {}).items():
        status = app.picture.snapshot.node(app.cluster_name or "", node).cluster
        now = status.value.role.value if status.failure is None and status.value and status.value.role else "unknown"
        if now != role:
            return f"{node} is {now}, not {role}"
    if condition.outcome is not None:
        outcome = next((entry.outcome for entry in reversed(app.entries) if entry.event == "outcome"), "none")
        if outcome != condition.outcome:
            return f"the last outcome is {outcome}, not {condition.outcome}"
    return None


def screen(app: ConsoleApp) -> str:
    """Everything that can be read on the screen now: a dialog with what lies around it."""
    lines: list[str] = []
    parts: list[Screen[Any]] = [app.cluster_screen]
    if app.screen is not app.cluster_screen:
        parts.append(app.screen)
    for part in parts:
        for widget in part.query("*"):
            if not widget.display or not widget.size:
                continue
            if isinstance(widget, LineTable):
                lines += [str(widget.border_title or ""), *widget.text()]
            elif isinstance(widget, OneLine):
                lines.append(widget.text)
            elif isinstance(widget, Static):
                lines.append(str(widget.visual))
    return "\n".join(lines)
