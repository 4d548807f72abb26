"""Runbooks that need two people, with real signatures: asked for here, approved elsewhere, used once."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dslsconsole.cli import program as cli
from dslsconsole.journal import Entry, read
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.approval import filed
from dslsconsole.runbooks.approving import Approver, NotApproved
from dslsconsole.runbooks.execution import Ending
from dslsconsole.runbooks.permission import Person, who
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.second import second_for, was_allowed
from dslsconsole.settings import load
from dslsconsole.systems.ground import Ground
from tests.estate import practising as p

ANNA = Person("anna", frozenset(), "jump-02", None)
ME = who().name
RUNBOOK = "checkout-test"


class People:
    """The practice estate where a runbook needs two, anna who asks, and this account as the second operator."""

    def __init__(self, lab: Lab, keygen: str, directory: Path) -> None:
        self.lab = lab
        self.keys = {name: directory / name for name in ("anna", "second")}
        for key in self.keys.values():
            subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        self.signers = directory / "allowed_signers"
        public = {name: key.with_suffix(".pub").read_text() for name, key in self.keys.items()}
        self.signers.write_text(f"anna {public['anna']}# the second operator\n{ME} {public['second']}")
        self.say("\noperators:", f"\noperators:\n  two_person: [{RUNBOOK}]\n  allowed_signers: {self.signers}")
        self._number = 0

    def say(self, old: str, new: str) -> None:
        """Change the estate file."""
        text = self.lab.estate_path.read_text()
        assert old in text
        self.lab.estate_path.write_text(text.replace(old, new, 1))

    async def run(self, person: Person = ANNA, **wish: Any) -> Report:
        """Run it as somebody."""
        self._number += 1
        operation = f"op-{self._number}"
        estate = load(self.lab.estate_path)
        ground = Ground(estate, p.CLUSTER)
        async with Reach(ground, time.time) as hands:
            one = p.operation_of(RUNBOOK, operation, hands, ground, **wish)
            one.person = person
            one.log = OperationLog(journal_of(estate, time.time), person, p.CLUSTER, RUNBOOK, operation)
            one.second = second_for(hands, ground, one.log, one.wish, person, time.time)
            return await one.run()

    async def approve(self, request: str, *, key: str = "second", name: str | None = None) -> str:
        """Approve it as this account; raises NotApproved."""
        estate = load(self.lab.estate_path)
        ground = Ground(estate, p.CLUSTER)
        async with Reach(ground, time.time) as hands:
            known = await filed(hands, ground, tuple(ground.nodes))
        (one,) = (one for one in known if one.request.request == request)
        return await Approver(estate, one, name, self.keys[key]).approve(p.CLUSTER, may_ask=False, quiet=True)

    async def refused(self, request: str, **how: Any) -> tuple[int, str]:
        """Status and reason of an approval that is not given."""
        with pytest.raises(NotApproved) as refusal:
            await self.approve(request, **how)
        assert not self.files("approved")
        return refusal.value.status, str(refusal.value)

    async def asked(self) -> str:
        """Ask; the request's id."""
        report = await self.run()
        assert report.outcome is Ending.NOT_CONFIRMED, p.explained(report)
        assert report.approval is not None
        assert f"dslsconsole approve {report.approval.request}" in report.card[0]
        return report.approval.request

    def files(self, ending: str) -> list[Path]:
        return list((self.lab.directory / "hosts").glob(f"*/var/lib/dslsconsole/*.request-*.{ending}"))

    def told(self, event: str) -> list[str]:
        """Whose journal lines of that event there are."""
        entries = read(directory_of(load(self.lab.estate_path)))
        return [entry.operator for entry in entries if entry.event == event]


async def program(lab: Lab, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "-c", str(lab.estate_path), *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert b"Traceback" not in out, out.decode()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def here(lab: Lab, *words: str) -> tuple[int, str]:
    """A command that needs no process of its own."""
    result = await asyncio.to_thread(CliRunner().invoke, cli, ["-c", str(lab.estate_path), *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def people(lab: Lab, need: Callable[[str], str], tmp_path: Path) -> People:
    return People(lab, need("ssh-keygen"), tmp_path)


async def test_it_is_asked_for_approved_and_used_once(people: People) -> None:
    dry = await people.run(dry_run=True)
    assert dry.outcome is Ending.DONE
    assert dry.approval is not None
    assert "confirming it makes a request" in dry.approval.text
    assert not people.files("json"), "a dry run asks nobody"

    request = await people.asked()
    assert await people.asked() == request, "an open request is not made twice"
    status, listed = await here(people.lab, "approve", "--json")
    (told,) = json.loads(listed)
    assert (status, told["request"], told["state"], told["operator"]) == (0, request, "open", "anna")
    assert told["plan"] == dry.plan

    status, said = await here(people.lab, "approve", request, "--key", str(people.keys["second"]))
    assert (status, "--confirm production-cluster" in said) == (14, True), said
    for part in ("anna on jump-02 asks", f"plan {dry.plan}", "reason: test", "      $ ", "✔ pass"):
        assert part in said
    words = ("approve", request, "--key", str(people.keys["second"]), "--confirm", p.CLUSTER, "--json")
    status, said = await here(people.lab, *words)
    assert (status, json.loads(said)["outcome"]) == (0, "approved"), said

    report = await people.run(confirmation=None)
    assert report.outcome is Ending.NOT_CONFIRMED, "an approval does not confirm"
    report = await people.run()
    assert report.outcome is Ending.DONE, p.explained(report)
    assert f"Approved by {ME}" in "".join(report.card)
    assert people.told("approved") == [ME]
    assert people.told("approval-used") == ["anna"]

    for path in people.files("used"):
        path.unlink()
    report = await people.run()
    assert report.outcome is Ending.NOT_CONFIRMED, "this console's journal remembers what the hosts forgot"
    p.never_wrong(people.lab)


async def test_what_is_no_approval_is_refused(people: People) -> None:
    request = await people.asked()
    status, said = await people.refused(request, key="anna")
    assert (status, "may be a key of anna's own" in said) == (14, True), said
    status, said = await people.refused(request, name="anna")
    assert (status, "nobody approves their own" in said) == (14, True), said
    status, said = await people.refused(request, name="bea")
    assert (status, "does not name" in said) == (14, True), said

    kept = people.signers.read_text()
    people.signers.write_text(kept.replace("anna ", "anna@uni.example ", 1))
    status, said = await people.refused(request, key="anna", name="anna@uni.example")
    assert (status, "may be a key of anna's own" in said) == (14, True), said
    for others in ("a.smith@uni.example,anna@uni.example ", "*@uni.example "):
        people.signers.write_text(kept.replace("anna ", others, 1))
        status, said = await people.refused(request, key="anna", name="a.smith@uni.example")
        assert (status, "may be a key of anna's own" in said) == (14, True), said
    people.signers.write_text(kept)

    await people.approve(request)
    report = await people.run(who(), dry_run=True)
    assert report.approval is not None
    assert report.approval.state == "none", "another's approval is none of mine"
    (reason,) = {path.read_text() for path in people.files("json")}
    for path in people.files("json"):
        path.write_text(reason.replace('"reason":"test"', '"reason":"quite another"'))
    report = await people.run()
    assert report.outcome is Ending.NOT_CONFIRMED
    assert "refused: the signature is not" in "".join(report.card), report.card

    people.signers.unlink()
    report = await people.run()
    assert report.outcome is Ending.NOT_CONFIRMED
    assert "operators.allowed_signers" in "".join(report.card), report.card
    p.never_wrong(people.lab)


async def test_what_was_cut_off_goes_on_elsewhere_only_with_the_approval_that_it_had(people: People) -> None:
    await people.approve(await people.asked())
    report = await people.run()
    assert report.outcome is Ending.DONE, p.explained(report)
    estate = load(people.lab.estate_path)
    ground = Ground(estate, p.CLUSTER)
    async with Reach(ground, time.time) as hands:

        async def allowed(known: list[Entry], operation: str, plan: str) -> str | None:
            return await was_allowed(hands, ground, known, operation, plan, tuple(ground.nodes))

        assert await allowed(list(read(directory_of(estate))), report.operation, report.plan) is None
        assert await allowed([], report.operation, report.plan) is None, "the hosts hold the approval"
        assert "needs a second operator" in str(await allowed([], report.operation, "another"))
        for path in people.files("approved"):
            path.write_text(path.read_text().replace(ME, "bea"))
        assert "needs a second operator" in str(await allowed([], report.operation, report.plan))


async def test_an_approval_of_another_plan_or_another_time_is_refused(people: People) -> None:
    people.say("\noperators:", "\noperators:\n  approval_lasts: 1s")
    request = await people.asked()
    await p.eventually(lambda: time.time() > max(path.stat().st_mtime for path in people.files("json")) + 1.1)
    status, said = await people.refused(request)
    assert (status, "expired at" in said) == (10, True), said
    people.say("approval_lasts: 1s", "approval_lasts: 30m")
    report = await people.run()
    assert report.approval is not None
    assert report.approval.request != request
    assert f"{request} expired at" in "".join(report.card), report.card

    people.say("- catia_v6", "")
    status, said = await people.refused(report.approval.request)
    assert (status, "the plan is another one by now" in said) == (10, True), said
    people.say("- abaqus_standard", "- abaqus_standard\n    - catia_v6")
    await people.approve(report.approval.request)
    people.say("- catia_v6", "")
    other = await people.run()
    assert other.outcome is Ending.NOT_CONFIRMED
    assert "approved for another plan" in "".join(other.card), other.card
    p.never_wrong(people.lab)


async def test_the_command_asks_and_breaks_the_glass_only_with_a_reason(people: People) -> None:
    words = ("run", RUNBOOK, p.CLUSTER, "--reason", "test", "--confirm", p.CLUSTER)
    status, said = await program(people.lab, *words, "--json")
    document = json.loads(said)
    assert (status, document["outcome"], document["approval"]["state"]) == (14, "not_confirmed", "open")
    status, said = await people.refused(document["approval"]["request"])
    assert (status, "nobody approves their own request" in said) == (14, True), said
    status, said = await here(people.lab, *words, "--break-glass", "urgent")
    assert (status, "characters at least" in said) == (64, True), said

    people.say("\noperators:", f"\nnotifications:\n- webhook: {people.lab.world.notices.url}\noperators:")
    reason = "nobody else answers the phone, INC-1234"
    status, said = await program(people.lab, *words, "--break-glass", reason)
    assert (status, f"BREAK-GLASS: it was run without a second operator, because: {reason}" in said) == (0, True), said
    assert "Nobody was told" not in said
    (notice,) = people.lab.truth()["notifications"]
    assert (notice["alert"], notice["subject"], reason in notice["summary"]) == ("break_glass", RUNBOOK, True)
    status, shown = await here(people.lab, "journal", "show")
    assert f"BREAK-GLASS · {RUNBOOK}" in shown
    assert reason in shown
    p.never_wrong(people.lab)


async def test_there_is_no_way_around_the_second_operator(people: People) -> None:
    report = await p.run(people.lab, RUNBOOK)
    assert (report.outcome, "needs a second operator" in report.sentence) == (Ending.NOT_CONFIRMED, True)
    people.say(f"two_person: [{RUNBOOK}]", "two_person: [token-sync]")
    words = ("--reason", "test", "--confirm", p.CLUSTER, "--every", "1s")
    status, said = await here(people.lab, "run", "token-sync", p.CLUSTER, *words)
    assert (status, "approves one run and no loop" in said) == (14, True), said


async def test_a_break_glass_that_nobody_could_be_told_of_says_so_and_goes_on(people: People) -> None:
    people.say("\noperators:", "\nnotifications:\n- webhook: http://127.0.0.1:1/closed\noperators:")
    report = await people.run(break_glass="the building is on fire")
    assert report.outcome is Ending.DONE, p.explained(report)
    assert "tell them yourself: http://127.0.0.1:1" in "".join(report.card), report.card
    assert people.told("break-glass") == ["anna"]
