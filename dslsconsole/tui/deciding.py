"""What is to become of an operation that was cut off: asked by word, by the cluster's name, and by whose it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dslsconsole.tui.dialogs.decision import DecisionDialog
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.operation import KnownOperation, Plan, account

if TYPE_CHECKING:
    from collections.abc import Callable

    from dslsconsole.tui.app import ConsoleApp


class Decision(Struct, frozen=True):
    word: str
    """verify, continue, undo or abandon"""
    whose: str = ""
    """Whose it was, where that is another operator and had to be typed."""


async def decided(
    app: ConsoleApp, one: KnownOperation, plan: Plan, why_not: Callable[[], str | None]
) -> Decision | None:
    """The decision; None where it is left as it is. `why_not` says why nothing may be decided now."""
    entries = [entry for entry in app.entries if entry.operation == one.operation]
    word = await app.push_screen_wait(DecisionDialog(one, plan, entries, why_not))
    if word is None:
        return None
    text = f"{word.capitalize()} {one.runbook} of {one.cluster}, which was cut off at step {one.step}?"
    if await app.push_screen_wait(Question(f"{word.capitalize()}?", text, phrase=one.cluster)) is None:
        return None
    if word == "verify" or one.operator in ("", account()):
        return Decision(word)
    left = f"It is {one.operator}'s, begun on {one.origin or 'another host'} at {one.started_at}. Ask them first."
    whose = await app.push_screen_wait(Question("Take it over?", left, phrase=one.operator))
    return Decision(word, whose) if whose is not None else None
