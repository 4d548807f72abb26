"""What a dialog was about, as a recording keeps it: the plan that was read, how a run or a rehearsal ended."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.operation import Plan, Request
from dslsconsole.tui.render import plan as rendered
from dslsconsole.tui.render.cells import Sheet
from dslsconsole.tui.render.rehearsal import rehearsal

DIALOGS = {"PlanDialog": "plan", "RunDialog": "run", "RehearsalDialog": "rehearsal"}
"""The kind of what each of these dialogs is about."""


class Consulted(Struct, frozen=True):
    """Of one dialog all that it shows, but for what is known anyhow."""

    kind: str
    """One of the values of DIALOGS."""
    plan: Plan
    request: Request | None = None
    """Of a plan: what was asked for. The reason is not in it."""
    went: Plan | None = None
    """How the run or the rehearsal ended, where it has."""
    failure: str | None = None

    def sheet(self, entries: Sequence[LogEntry], now: float) -> Sheet:
        """What the dialog shows at `now` (seconds since the epoch), by the action log as it was then."""
        if self.kind == "rehearsal" and self.went is not None:
            return rehearsal(self.plan, self.went)
        if self.kind == "run":
            own = [entry for entry in entries if entry.operation == self.plan.operation]
            return rendered.progress(self.plan, own, self.went, self.failure, now)
        return rendered.plan(self.plan, self.request or Request(self.plan.runbook, self.plan.cluster, ""))


def plan_read(plan: Plan, request: Request) -> Consulted:
    """A plan that is looked at. Why it is to be run was typed by somebody, and is in the journal."""
    return Consulted("plan", plan, replace(request, reason=""))
