"""The audit of the HA configuration as the console asks for it: a process that reads, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from dslsconsole.tui.audited import Audited, AuditReport
from dslsconsole.tui.operation import RunFailed
from dslsconsole.tui.run_process import said

if TYPE_CHECKING:
    from dslsconsole.tui.app import ConsoleApp

WITHIN_S = 120.0


class Auditor(Protocol):
    """Who audits."""

    async def audit(self, cluster: str) -> AuditReport:
        """Look at the configuration of one cluster now.

        Raises:
            RunFailed: it could not be done; the text says why.
        """
        ...


class AuditProcess:
    """`dslsconsole audit`, which reads as the probe user and changes nothing."""

    def __init__(self, argv: Sequence[str]) -> None:
        """`argv` is the command up to and with `audit`."""
        self._argv = tuple(argv)

    async def audit(self, cluster: str) -> AuditReport:
        argv = (*self._argv, "--cluster", cluster, "--json")
        output, status, errors = await said(argv, WITHIN_S, "the audit can't be started", "no end of the audit")
        try:
            return msgspec.json.decode(output, type=AuditReport)
        except ValueError as error:
            told = errors.strip() or f"its answer can't be read ({error})"
            raise RunFailed(f"the audit ended with status {status}: {told}") from error


class Auditing:
    """The audits of one application, a cluster at a time."""

    def __init__(self, app: ConsoleApp, auditor: Auditor | None) -> None:
        self._app = app
        self._auditor = auditor
        self._known: dict[str, Audited] = {}

    def of(self, cluster: str) -> Audited:
        """What is known of this cluster."""
        return self._known.get(cluster, Audited())

    @property
    def reports(self) -> dict[str, AuditReport]:
        """The last report of each cluster that was audited."""
        return {cluster: one.report for cluster, one in self._known.items() if one.report is not None}

    def know(self, cluster: str, report: AuditReport) -> None:
        """This was found."""
        self._known[cluster] = Audited(report)

    def forget(self) -> None:
        """Know nothing."""
        self._known.clear()

    def ask(self, cluster: str, *, again: bool) -> None:
        """Audit it, unless that is going on; without `again` only where it was never done."""
        known = self.of(cluster)
        if known.running or (known.report is not None and not again):
            return
        if self._auditor is None:
            self._known[cluster] = Audited(failure="here nothing is read that was not read already")
            return
        self._known[cluster] = replace(known, running=True, failure=None)
        self._app.run_worker(self._ask(self._auditor, cluster), exit_on_error=False, name="the audit")

    async def _ask(self, auditor: Auditor, cluster: str) -> None:
        try:
            report = await auditor.audit(cluster)
        except RunFailed as failed:
            self._known[cluster] = replace(self.of(cluster), running=False, failure=str(failed))
        else:
            self.know(cluster, report)
            if self._app.recorder is not None:
                self._app.recorder.audited(cluster, report, self._app.clock())
        self._app.draw()
