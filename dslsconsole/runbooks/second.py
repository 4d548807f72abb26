"""A second operator for the runbooks that need one (`operators.two_person`): asked for, looked at, used once. Or, where
there is nobody and no time, the glass is broken: with a reason, told to everybody, and plain to see in the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from dslsconsole.alerts.notifications import tell_once
from dslsconsole.journal import Entry, JournalError, read
from dslsconsole.model.verdict import Alert, Severity
from dslsconsole.runbooks.approval import Approval, ApprovalRequest, Filed, Shelf, file, filed, sweep, use_up
from dslsconsole.runbooks.execution import Ending, Log
from dslsconsole.runbooks.permission import Person, known_as, not_an_operator
from dslsconsole.runbooks.record import directory_of
from dslsconsole.runbooks.report import ApprovalStanding, Report, iso
from dslsconsole.runbooks.signing import NotSigned, Signers, person_of, see_signed, signing_key
from dslsconsole.settings import expand
from dslsconsole.systems.acting import Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground

if TYPE_CHECKING:
    from dslsconsole.runbooks.operation import Wish

LEAST_REASON = 15
"""Characters of a reason to break the glass: a few words, not a keypress."""
CLOCKS_APART_SECONDS = 300.0
_NOT_DONE = (Unreached, Unfinished, Refused)


class Second(Protocol):
    """What stands for the second operator in one run."""

    @property
    def waits(self) -> bool:
        """Whether the run is not approved, so that a request may be made though nobody confirmed it."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the outcome's card says beside."""
        ...

    async def look(self, report: Report, hosts: tuple[str, ...]) -> ApprovalStanding:
        """How it stands. Changes nothing."""
        ...

    async def settle(self, report: Report, hosts: tuple[str, ...]) -> Report:
        """The report as it was where the run may go on, else with why not."""
        ...

    async def use(self, hosts: tuple[str, ...]) -> str | None:
        """With the lock held, right before the first step: why it may not be run after all, or None."""
        ...


class TwoPerson:
    """A second operator's approval of one wish."""

    def __init__(
        self, shelf: Shelf, ground: Ground, log: Log, wish: Wish, person: Person, clock: Callable[[], float]
    ) -> None:
        self._shelf = shelf
        self._ground = ground
        self._operators = ground.estate.operators
        self._log = log
        self._wish = wish
        self._person = person
        self._clock = clock
        self._known: tuple[Filed, ...] = ()
        self._waiting: Filed | None = None
        self._approved: tuple[ApprovalRequest, Approval] | None = None
        self._troubles: list[str] = []
        self.remarks: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        return self._approved is None

    async def look(self, report: Report, hosts: tuple[str, ...]) -> ApprovalStanding:
        self._known = await filed(self._shelf, self._ground, hosts)
        wanted, now = self._wanted(report), self._clock()
        for one in self._known:
            if (one.request.runbook, one.request.operator) != (wanted.runbook, wanted.operator):
                continue
            if not one.request.asks_the_same(wanted):
                if one.state(now) == "approved":
                    self._troubles.append(
                        f"{one.request.request} is approved for another plan ({one.request.plan[:12]}…) or other "
                        f"settings; this plan is {wanted.plan[:12]}…."
                    )
            elif one.state(now) in ("used", "expired"):
                word = "was used already" if one.used else f"expired at {iso(one.request.until)}"
                self._troubles.append(f"{one.request.request} {word}.")
            elif self._approved is None:
                await self._weigh(one)
        return self._standing()

    async def _weigh(self, one: Filed) -> None:
        """Take a request of ours as approved, or as still waiting."""
        for approval in one.approvals:
            if (why := await why_not(self._ground, one.request, approval, self._clock())) is None:
                self._approved = (one.request, approval)
                return
            self._troubles.append(f"The approval of {one.request.request} by {approval.principal} is refused: {why}.")
        if self._waiting is None and not one.approvals:
            self._waiting = one

    def _standing(self) -> ApprovalStanding:
        name = self._wish.runbook.name
        if self._approved is not None:
            request, approval = self._approved
            until = iso(request.until)
            text = f"{name} is approved by {approval.principal} (request {request.request}) until {until}, for one run."
            return ApprovalStanding("approved", text, request.request, until, approval.principal)
        if self._waiting is not None:
            request = self._waiting.request
            text = (
                f"{name} waits for a second operator until {iso(request.until)}: `dslsconsole approve "
                f"{request.request}` on their console; then run it again."
            )
            return ApprovalStanding("open", text, request.request, iso(request.until))
        text = (
            f"{name} needs a second operator (operators.two_person): confirming it makes a request and runs nothing. "
            "Once another operator has said `dslsconsole approve REQUEST`, run it again."
        )
        return ApprovalStanding("none", text)

    async def settle(self, report: Report, hosts: tuple[str, ...]) -> Report:
        if self._approved is not None:
            return report
        if self._waiting is not None:
            request = self._waiting.request
        else:
            request = self._wanted(report)
            await sweep(self._shelf, self._ground, self._known, self._clock())
            words = {"request": request.request, "until": iso(request.until), "plan": request.plan}
            self._log.append("requested", **words, reason=request.reason, params=request.params)
            if not await file(self._shelf, self._ground, hosts, request):
                sentence = (
                    f"{request.runbook} needs a second operator, and the request could not be put into "
                    f"{self._ground.estate.lock_directory} on any node ({', '.join(hosts) or 'none answers'})."
                )
                return replace(report, outcome=Ending.NOT_CONFIRMED, sentence=sentence)
        standing = ApprovalStanding("open", "", request.request, iso(request.until))
        sentence = (
            f"Not run: {request.runbook} needs a second operator's approval (operators.two_person). Request "
            f"{request.request} waits for it until {iso(request.until)}."
        )
        card = (
            f"Another operator, on their own console: dslsconsole approve {request.request}",
            "Then run it again. It is run once, by its plan as it stands now.",
            *self._troubles,
            *self._signers_missing(),
        )
        approval = replace(standing, text=sentence)
        return replace(report, outcome=Ending.NOT_CONFIRMED, sentence=sentence, card=card, approval=approval)

    def _signers_missing(self) -> tuple[str, ...]:
        try:
            Signers(expand(self._operators.allowed_signers))
        except NotSigned as missing:
            return (f"But {missing}",)
        return ()

    async def use(self, hosts: tuple[str, ...]) -> str | None:
        if self._approved is None:
            return "Nothing was run: the approval is gone."
        request, approval = self._approved
        used = f"Nothing was run: the approval {request.request} was used already. Run it again for a new request."
        if self._clock() >= request.until:
            return f"Nothing was run: the approval {request.request} expired at {iso(request.until)}. Run it again."
        try:
            earlier = read(directory_of(self._ground.estate), cluster=self._ground.name)
            if any(one.event == "approval-used" and one.data.get("request") == request.request for one in earlier):
                return used
            if not await use_up(self._shelf, self._ground, hosts, request):
                return used
        except (JournalError, *_NOT_DONE) as failure:
            return f"Nothing was run: it can't be told whether the approval was used before. {failure}"
        self._log.append(
            "approval-used",
            request=request.request,
            by=approval.principal,
            approver_host=approval.from_host,
            plan=request.plan,
            signature=approval.signature,
        )
        self.remarks = (f"Approved by {approval.principal} on {approval.from_host} (request {request.request}).",)
        return None

    def _wanted(self, report: Report) -> ApprovalRequest:
        wish, now = self._wish, self._clock()
        return ApprovalRequest(
            request=wish.operation,
            cluster=self._ground.name,
            runbook=wish.runbook.name,
            operator=self._person.name,
            from_host=self._person.host,
            at=round(now, 3),
            until=round(now + self._operators.approval_lasts, 3),
            reason=wish.reason[:1000],
            plan=report.plan,
            confirm=report.confirm,
            params=wish.params,
            overrides=tuple(sorted(wish.overrides)),
            attested=tuple(sorted(wish.attested)),
            steps=tuple(f"{step.name} on {step.host}"[:400] for step in report.steps),
        ).cleaned()


async def why_not(ground: Ground, request: ApprovalRequest, approval: Approval, now: float) -> str | None:
    """Why an approval of a request does not count; None where it does."""
    operators, by = ground.estate.operators, approval.principal
    if request.operator in (by, approval.account) or person_of(by) == person_of(request.operator):
        return f"{request.operator} asked for it, and nobody approves their own request"
    if request.at > now + CLOCKS_APART_SECONDS or request.until - request.at > operators.approval_lasts + 1:
        return "the request is open for longer than operators.approval_lasts, or is of another time"
    if (refusal := not_an_operator(ground.estate, known_as(by))) is not None:
        return refusal.rstrip(".")
    try:
        signers = Signers(expand(operators.allowed_signers))
        key = signing_key(approval.signature)
        if not signers.principals(key):
            return f"{signers.path} does not hold the key that signed it, and a certificate does not tell whose it is"
        if signers.may_be(key, request.operator):
            return f"the key that signed it may be one of {request.operator}'s own, who asked for it"
        await see_signed(request.canonical(), approval.signature, by, signers)
    except NotSigned as failure:
        return str(failure).rstrip(".")
    return None


async def was_allowed(
    shelf: Shelf, ground: Ground, known: Iterable[Entry], operation: str, plan: str, hosts: tuple[str, ...]
) -> str | None:
    """Whether an operation that was cut off had its second operator, or broke the glass: why not, or None.

    This console's journal (`known`) tells; else the approval that was used, as it lies on the hosts: what is approved
    is a plan, so it may have expired meanwhile.
    """
    if any(one.operation == operation and one.event in ("approval-used", "break-glass") for one in known):
        return None
    for one in await filed(shelf, ground, hosts):
        if not one.used or one.request.plan != plan:
            continue
        for approval in one.approvals:
            if await why_not(ground, one.request, approval, one.request.at) is None:
                return None
    return (
        "it needs a second operator, and neither this console's journal nor an approval on the hosts tells that there "
        "was one. Continue it where it was started; else undo or abandon it"
    )


class BreakGlass:
    """No second operator: a typed reason, told to the estate's webhooks and written into the journal."""

    waits = False

    def __init__(
        self, reason: str, ground: Ground, log: Log, wish: Wish, person: Person, clock: Callable[[], float]
    ) -> None:
        self._reason = reason
        self._ground = ground
        self._log = log
        self._wish = wish
        self._person = person
        self._clock = clock
        self.remarks: tuple[str, ...] = ()

    async def look(self, report: Report, hosts: tuple[str, ...]) -> ApprovalStanding:
        told = len(self._ground.estate.notifications)
        text = (
            f"BREAK-GLASS: {self._wish.runbook.name} runs without a second operator, because: {self._reason}. "
            f"{f'{told} webhook(s) are told' if told else 'The estate file names no webhook to tell'}, and the journal."
        )
        return ApprovalStanding("break-glass", text)

    async def settle(self, report: Report, hosts: tuple[str, ...]) -> Report:
        self._log.append("break-glass", reason=self._reason, plan=report.plan, needed="a second operator's approval")
        notifications, wish, person = self._ground.estate.notifications, self._wish, self._person
        summary = f"{person.name} on {person.host} runs {wish.runbook.name} without a second operator: {self._reason}"
        alert = Alert(
            id="break_glass",
            severity=Severity.CRITICAL,
            cluster=self._ground.name,
            subject=wish.runbook.name,
            summary=summary,
            since=self._clock(),
            evidence=(f"operation {wish.operation}", f"plan {report.plan}", f"reason {wish.reason}"),
            advice="Ask them, and look at the action log.",
        )
        failures = await tell_once(notifications, alert, clock=self._clock)
        if not notifications:
            failures = ("the estate file names no webhook (notifications)",)
        if failures:
            self._log.append("note", text=f"the break-glass was not told: {'; '.join(failures)}")
        self.remarks = (
            f"BREAK-GLASS: it was run without a second operator, because: {self._reason}",
            *(f"Nobody was told there of the break-glass, tell them yourself: {failure}" for failure in failures),
        )
        return report

    async def use(self, hosts: tuple[str, ...]) -> str | None:
        return None


def second_for(
    shelf: Shelf, ground: Ground, log: Log, wish: Wish, person: Person, clock: Callable[[], float]
) -> Second | None:
    """What stands for the second operator; None where the runbook needs none."""
    if wish.runbook.name not in ground.estate.operators.two_person:
        return None
    if wish.break_glass:
        return BreakGlass(wish.break_glass, ground, log, wish, person, clock)
    return TwoPerson(shelf, ground, log, wish, person, clock)
