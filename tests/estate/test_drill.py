"""Testing high availability on the practice estate: every test passes, is undone, and leaves no filter behind."""

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome
from tests.estate import practising as p

ALL = ("failover", "failure", "partition", "dr")


def only(*tests: str) -> dict[str, str]:
    return {test: "run" if test in tests else "skip" for test in ALL}


def clean(lab: Lab) -> bool:
    """Whether no host has a rule of ours, or a removal of one waiting."""
    waiting = [name for units in lab.world.units.values() for name in units.units if "drill" in name]
    return not waiting and not any(lab.world.network.rules.values())


async def test_all_of_it_passes_and_leaves_the_estate_as_it_was(lab: Lab) -> None:
    await p.eventually_done(lab, "dr-sync", {})
    before = p.standing(lab)
    report = await p.run(lab, "ha-drill")
    assert report.outcome is Ending.DONE, p.explained(report)
    assert {step.outcome for step in report.steps} <= {StepOutcome.DONE, StepOutcome.SKIPPED}
    assert clean(lab)
    p.never_wrong(lab)
    await p.until_standing(lab, before)
    told = "\n".join(report.card)
    for passed in ("planned failover and failback", "failure of the primary", "partition and", "start of the DR site"):
        assert f"test passed: {passed}" in told
    assert "dsls-primary is DOWN" in told
    assert "dsls-backup is DOWN" in told
    assert "10.20.0.100" in told  # the record still leads to the main site


async def test_a_test_that_fails_takes_its_filter_away_and_keeps_what_passed(lab: Lab) -> None:
    params = only("partition")
    steps = await p.plan_of(lab, "ha-drill", params=params)
    (failing,) = (step.number for step in steps if step.action == "sync-tokens")
    filtering = [step for step in steps if step.action == "filter-rule"]
    assert len(filtering) == 2
    before = p.standing(lab)
    for number in (filtering[1].number, failing):
        await p.until_ready(lab, "ha-drill", params=params)
        report, broken = await p.broken_run(lab, "ha-drill", f"test-{number}", {number}, params=params)
        # Tokens may have come over by themselves, and then there is nothing to refuse.
        assert broken.met or number == failing, p.explained(report)
        ends = {Ending.ROLLED_BACK} if broken.met else set()
        # What was refused may come over by itself before it is read back.
        assert report.outcome in (ends | ({Ending.DONE} if number == failing else set())), p.explained(report)
        assert clean(lab)
        await p.until_standing(lab, before)


async def test_a_filter_goes_away_by_itself(lab: Lab) -> None:
    from dslsconsole.lab.world.site import NODES

    host = lab.world.hosts[p.PRIMARY]
    port = lab.world.nodes[p.PRIMARY].server.port
    rule = f"INPUT -p tcp --dport {port} ! -i lo -m comment --comment dslsconsole-drill -j DROP"
    assert NODES[0].name == p.PRIMARY
    assert (await host.capture(f"systemd-run --on-active=2 --unit=t iptables -w 5 -D {rule}")).status == 0
    assert (await host.capture(f"iptables -w 5 -I {rule.replace('INPUT', 'INPUT 1')}")).status == 0
    assert not lab.world.servers.answers(p.BACKUP, lab.world.nodes[p.PRIMARY].server)
    assert lab.world.servers.answers(p.PRIMARY, lab.world.nodes[p.PRIMARY].server)
    await p.eventually(lambda: clean(lab) and "t.timer" not in lab.world.units[p.PRIMARY].units)
    assert lab.world.servers.answers(p.BACKUP, lab.world.nodes[p.PRIMARY].server)


async def test_a_rule_that_an_earlier_drill_left_is_told(lab: Lab) -> None:
    host, port = lab.world.hosts[p.BACKUP], lab.world.nodes[p.BACKUP].server.port
    rule = f"INPUT -p tcp --dport {port} ! -i lo -m comment --comment dslsconsole-drill -j DROP"
    assert (await host.capture(f"iptables -A {rule}")).status == 0
    report = await p.run(lab, "ha-drill", params=only("partition"))
    assert "filters_possible" in p.refusing(report), p.explained(report)
    report = await p.run(lab, "ha-drill", "other", params=only())
    assert "drill_wished" in p.refusing(report)
    assert not p.locks(lab)


async def test_a_dry_run_drops_nothing(lab: Lab) -> None:
    await p.eventually_done(lab, "dr-sync", {})
    before = (p.files(lab), p.standing(lab))
    await p.until_ready(lab, "ha-drill")
    report = await p.run(lab, "ha-drill", "look", dry_run=True)
    assert [step.command for step in report.steps if "iptables" in step.command]
    assert clean(lab)
    assert (p.files(lab), p.standing(lab)) == before
