"""Hosts that answer SSH and let nobody in are not read: never dead, never stopped, and no word says otherwise."""

import pytest

from dslsconsole.lab.practice import Lab
from tests.estate import practising as p


def guard(said: dict[str, object], name: str) -> dict[str, str]:
    guards = said["guards"]
    assert isinstance(guards, list)
    return next(one for one in guards if one["name"] == name)


@pytest.mark.parametrize(
    ("fault", "words"), [("key-refused", "accepts none of our keys"), ("host-key-changed", "is not the known one")]
)
async def test_a_primary_that_lets_nobody_in_is_not_replaced(lab: Lab, fault: str, words: str) -> None:
    await lab.fault("service-killed", p.PRIMARY)
    await lab.fault(fault, p.PRIMARY)
    before = p.standing(lab)
    status, said = await p.command(lab, *p.confirmed("failover"))
    assert (status, said["outcome"]) == (10, "refused"), said
    dead = guard(said, "primary_dead")
    assert dead["result"] == "unknown"
    assert words in dead["reading"]
    assert p.PRIMARY not in said["attest"]
    status, said = await p.command(lab, *p.confirmed("failover", "--attest", p.PRIMARY))
    assert (status, said["outcome"]) == (10, "refused"), said
    assert guard(said, "attested_down")["result"] == "fail"
    assert p.standing(lab) == before
    p.never_wrong(lab)


async def test_the_key_problem_of_the_backup_is_named(lab: Lab) -> None:
    await lab.fault("host-key-changed", p.BACKUP)
    status, said = await p.command(lab, *p.confirmed("failover", "--param", f"target={p.BACKUP}"))
    assert (status, said["outcome"]) == (10, "refused"), said
    assert "the host key of" in guard(said, "target_ready")["reading"]


async def test_a_host_that_answers_is_not_attested_to_be_down(lab: Lab) -> None:
    before = p.standing(lab)
    for runbook in ("failover", "token-sync", "dr-sync"):
        status, said = await p.command(lab, *p.confirmed(runbook, "--attest", p.ARBITRATOR))
        assert (status, said["outcome"]) == (10, "refused"), said
        assert guard(said, "attested_down")["result"] == "fail"
    assert p.standing(lab) == before
    p.never_wrong(lab)
