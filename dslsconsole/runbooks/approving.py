"""The second operator's side: the plan as this console reads it, the question, the signature, the record of it."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dslsconsole.runbooks import library
from dslsconsole.runbooks.anchoring import anchored
from dslsconsole.runbooks.approval import Approval, Filed, file_approval
from dslsconsole.runbooks.execution import Ending, NotWritten
from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import not_an_operator, who
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, journal_of
from dslsconsole.runbooks.report import Report, iso
from dslsconsole.runbooks.schema import WrongRunbook
from dslsconsole.runbooks.second import why_not
from dslsconsole.runbooks.signing import NotSigned, Signers, agent_keys, keygen, public_key, signed
from dslsconsole.runbooks.telling import Teller
from dslsconsole.settings import expand
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.ground import Ground

REFUSED, NEEDS_PERSON, NOT_PERMITTED = 10, 13, 14


class NotApproved(Exception):  # noqa: N818
    """It was not approved and nothing was changed: why, and the exit status of that."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Approver:
    """One approval by the person who sits here."""

    def __init__(self, estate: Estate, one: Filed, name: str | None, key: Path | None) -> None:
        """`name` is the person's in the allowed-signers file, where it is not the account's."""
        self._estate = estate
        self._one = one
        self._request = one.request
        self._person = who()
        self._name = name or self._person.name
        self._key = key
        self._ground = Ground(estate, one.request.cluster)

    async def approve(self, confirm: str | None, *, may_ask: bool, quiet: bool) -> str:
        """Approve it; a sentence that says so.

        Raises:
            NotApproved: it may not be, was not confirmed, or could not be written down.
        """
        self._see_permitted()
        try:
            signers = Signers(expand(self._estate.operators.allowed_signers))
            keygen()
            key = await self._signing_key(signers)
        except NotSigned as missing:
            raise NotApproved(NOT_PERMITTED, f"Not approved: {missing}") from missing
        self._see_own_key(signers, key)
        teller = Teller(quiet=quiet)
        async with Reach(self._ground, time.time) as hands:
            report = await self._look(hands, teller)
            if confirm is None and may_ask:
                confirm = await teller.ask_to_approve(report)
            if confirm != self._request.confirm:
                word = self._request.confirm
                raise NotApproved(NOT_PERMITTED, f"Not approved: it is confirmed by typing {word} (--confirm {word}).")
            done = await self._signed(hands, key)
            told = await anchored(self._estate, report, time.time, hands)
            return "\n".join((done, *told.card))

    def _see_permitted(self) -> None:
        request, person = self._request, self._person
        if (why := not_an_operator(self._estate, person)) is not None:
            raise NotApproved(NOT_PERMITTED, why)
        if request.operator in (person.name, self._name):
            raise NotApproved(
                NOT_PERMITTED, f"Not approved: {request.operator} asked for it, and nobody approves their own request."
            )
        state = self._one.state(time.time())
        if state in ("used", "expired"):
            word = "was used already" if state == "used" else f"expired at {iso(request.until)}"
            raise NotApproved(REFUSED, f"Not approved: {request.request} {word}. {request.operator} has to ask anew.")

    def _see_own_key(self, signers: Signers, key: Path) -> None:
        public, request = public_key(key), self._request
        if public is None:
            raise NotApproved(NOT_PERMITTED, f"Not approved: there is no public key in or beside {key}.")
        if signers.may_be(public, request.operator):
            why = f"{key} may be a key of {request.operator}'s own, who asked for it: see {signers.path}."
            raise NotApproved(NOT_PERMITTED, f"Not approved: {why}")
        if not signers.belongs(public, self._name):
            raise NotApproved(
                NOT_PERMITTED,
                f"Not approved: {signers.path} does not name {key} as a key of {self._name}'s. Give another --key, or "
                "your name there with --as.",
            )

    async def _signing_key(self, signers: Signers) -> Path:
        """The key that was named; else the first of the usual files, or of the agent, that may sign for the person."""
        if self._key is not None:
            return self._key
        for path in _usual():
            if (public := public_key(path)) is not None and signers.belongs(public, self._name):
                private = path.with_suffix("")
                return private if private.exists() else path
        for line in await agent_keys():
            with _written(line) as path:
                public = public_key(path)
            if public is not None and signers.belongs(public, self._name):
                return _kept(line)
        raise NotSigned(
            f"neither ~/.ssh nor the SSH agent has a key that {signers.path} names as {self._name}'s. Name one with "
            "--key, or your name there with --as"
        )

    async def _look(self, hands: Reach, teller: Teller) -> Report:
        """The plan as it is from here, which must be the one that was asked for."""
        request = self._request
        try:
            book = library.find(self._estate, request.runbook)
            if book is None:
                raise ValueError(f"there is no runbook called {request.runbook} here")
            params = asked(book, request.params)
        except (ValueError, WrongRunbook) as wrong:
            raise NotApproved(REFUSED, f"Not approved: {wrong}.") from wrong
        wish = Wish(
            runbook=book,
            operation=request.request,
            reason=request.reason,
            params=params,
            overrides=frozenset(request.overrides),
            attested=frozenset(request.attested),
            dry_run=True,
        )
        operation = Operation(wish, self._ground, hands, self._log(), self._person, time.time, shown=teller.prospect)
        teller.asking(request)
        report = await operation.run()
        if report.outcome is not Ending.DONE:
            raise NotApproved(REFUSED, f"Not approved: it could not be run as things are. {report.sentence}")
        if report.plan != request.plan:
            raise NotApproved(
                REFUSED,
                f"Not approved: the plan is another one by now ({report.plan[:12]}…) than {request.operator} asked for "
                f"({request.plan[:12]}…). They have to ask anew.",
            )
        return report

    def _log(self) -> OperationLog:
        request = self._request
        journal = journal_of(self._estate, time.time)
        return OperationLog(journal, self._person, request.cluster, request.runbook, request.request)

    async def _signed(self, hands: Reach, key: Path) -> str:
        request, now = self._request, time.time()
        try:
            signature = await signed(request.canonical(), key)
        except NotSigned as failure:
            raise NotApproved(NOT_PERMITTED, f"Not approved: {failure}") from failure
        approval = Approval(
            request=request.request,
            principal=self._name,
            account=self._person.name,
            from_host=self._person.host,
            at=round(now, 3),
            signature=signature,
        )
        if (why := await why_not(self._ground, request, approval, now)) is not None:
            raise NotApproved(NOT_PERMITTED, f"Not approved: {why}.")
        try:
            words = {"request": request.request, "asked_by": request.operator, "plan": request.plan}
            self._log().append("approved", **words, by=self._name, until=iso(request.until), signature=signature)
        except NotWritten as full:
            raise NotApproved(REFUSED, f"Not approved, because the journal can't be written: {full}") from full
        if not await file_approval(hands, self._ground, self._one.hosts, approval):
            raise NotApproved(NEEDS_PERSON, f"None of {', '.join(self._one.hosts)} took the approval; say it again.")
        return (
            f"Approved: {request.operator} may run {request.runbook} on {request.cluster} once, by this plan, until "
            f"{iso(request.until)}."
        )


def _usual() -> list[Path]:
    """The public halves of the keys that ssh itself would use."""
    return sorted(Path("~/.ssh").expanduser().glob("id_*.pub"))


@contextmanager
def _written(line: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile("w", suffix=".pub", encoding="utf-8") as file:
        file.write(f"{line}\n")
        file.flush()
        yield Path(file.name)


def _kept(line: str) -> Path:
    """A public key as a file, by which ssh-keygen finds its private half in the agent."""
    with tempfile.NamedTemporaryFile("w", suffix=".pub", encoding="utf-8", delete=False) as file:
        file.write(f"{line}\n")
    return Path(file.name)
