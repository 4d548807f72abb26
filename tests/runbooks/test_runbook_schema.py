"""What a runbook may say, and how it is told what is wrong with it."""

import pytest

from dslsconsole.runbooks.guard import catalogue
from dslsconsole.runbooks.plan import Unplannable, filled
from dslsconsole.runbooks.schema import WrongRunbook, builtin, parse
from dslsconsole.systems.acting import actions, checks

SOUND = """
name: test
title: Test
about: A test.
facts: sync
guards: [identity]
steps:
  - name: stop {primary}
    on: "{primary}"
    do: service-stop
    undo: {unneeded: it is a test}
outcome: {done: done}
"""


def test_a_sound_one_is_read_with_on_as_a_word() -> None:
    assert parse(SOUND, "x").steps[0].on == "{primary}"


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("do: service-stop", "do: service-stop\n    forse: yes", "forse"),
        ("    undo: {unneeded: it is a test}\n", "", "undo"),
        ("{unneeded: it is a test}", "{}", "exactly one"),
        ('on: "{primary}"', "within: 10", "within"),
        ('    on: "{primary}"\n', "", "where"),
        ("title: Test", "title: Test\ntitle: Again", "twice"),
        ("name: test\n", "", "name"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(was: str, becomes: str, told: str) -> None:
    assert was in SOUND
    with pytest.raises(WrongRunbook, match=told):
        parse(SOUND.replace(was, becomes), "x.yaml")


@pytest.mark.parametrize("text", ["", "[]", "a: [", "{", "!!python/object:os.system x"])
def test_what_is_no_runbook_is_refused(text: str) -> None:
    with pytest.raises(WrongRunbook):
        parse(text, "x.yaml")


def test_nothing_is_evaluated() -> None:
    facts = {"a": "{b}", "b": "x"}
    assert filled("{a}", facts) == "{b}"
    with pytest.raises(Unplannable, match="primary node"):
        filled("{primary_node}", facts)


@pytest.mark.parametrize("name", sorted(builtin()))
def test_built_in_runbooks_use_only_what_there_is(name: str) -> None:
    runbook = builtin()[name]
    assert {use.guard for use in runbook.guards} <= set(catalogue())
    for step in runbook.steps:
        assert step.do in actions()
        used = [step.until, step.undo.until, *step.needs]
        assert {use.check for use in used if use is not None} <= set(checks())
        assert step.undo.do is None or step.undo.do in actions()


@pytest.mark.parametrize("name", sorted(builtin()))
def test_every_runbook_looks_for_other_operations_last(name: str) -> None:
    assert builtin()[name].guards[-1].guard == "lock_free"


@pytest.mark.parametrize("name", sorted(builtin()))
def test_every_runbook_asks_whether_it_can_be_written_down(name: str) -> None:
    assert "journal_writable" in [use.guard for use in builtin()[name].guards]
    assert not catalogue()["journal_writable"].OVERRIDABLE


@pytest.mark.parametrize("name", ["failover", "failback"])
def test_promotion_comes_after_the_primary_is_stopped_for_certain(name: str) -> None:
    steps = builtin()[name].steps
    for number, step in enumerate(steps):
        if step.do == "promote" and step.when not in ("idle", "bereft"):
            assert "stopped-for-certain" in [need.check for need in step.needs]
            before = [one.until.check for one in steps[:number] if one.until is not None]
            assert "stopped-for-certain" in before


@pytest.mark.parametrize("name", ["dr-activate", "dr-return"])
def test_users_are_told_last(name: str) -> None:
    assert builtin()[name].steps[-1].do == "notify"


def test_what_must_not_be_overridden_cannot_be() -> None:
    for name in ("lock_free", "identity", "exactly_one_primary", "no_other_primary", "primary_dead"):
        assert not catalogue()[name].OVERRIDABLE
