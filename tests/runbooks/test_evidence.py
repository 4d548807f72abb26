"""What proves that a licence server is dead: words and refusals, and silence only from the right places."""

import asyncio
from typing import cast

import pytest

from dslsconsole.model.balancer import Backend, BackendServer, ServerState
from dslsconsole.model.node import ClusterStatus, Role
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.runbooks.evidence import CUT_OFF, accounted, evidence, wants_word
from dslsconsole.runbooks.survey import Survey, SurveyedBalancer, SurveyedNode
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import Call, Hands, checks
from dslsconsole.systems.dslicsrv.fresh import Life, Sign
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.systemd.act import Unit

MAIN, DR = ("p1", "b1", "a1"), ("d1", "d2")
GROUND = Ground(
    Estate.model_validate(
        {
            "version": 1,
            "clusters": {
                "c": {
                    "nodes": {"p1": {"mode": "primary"}, "b1": {"mode": "backup"}, "a1": {"mode": "arbitrator"}},
                    "load_balancers": {
                        "servers": {"p1": "one", "b1": "two"},
                        "hosts": {"lb1": {"socket": "/s"}, "lb2": {"socket": "/s"}},
                    },
                    "dr": {"site": "s", "nodes": {"d1": {"mode": "dr-primary"}, "d2": {"mode": "dr-backup"}}},
                }
            },
        }
    ),
    "c",
)
UNASKED = Sign(Life.UNKNOWN, "")
SILENT = Sign(Life.STOPPED, "not reached")
REFUSING = Sign(Life.STOPPED, "refused", refused=True)
ANSWERING = Sign(Life.ANSWERS, "answers")


def unreached(name: str, kind: FailureKind = FailureKind.UNREACHABLE, port: Sign = UNASKED) -> SurveyedNode:
    return SurveyedNode(name, Reading(failure=Failure(kind, "no way")), port=port)


def reached(name: str) -> SurveyedNode:
    return SurveyedNode(name, Reading(value=name))


def stopped(name: str) -> SurveyedNode:
    unit = Unit("u", "loaded", "inactive", "dead", 0)
    return SurveyedNode(name, Reading(value=name), Reading(value=unit), Sign(Life.STOPPED, "stopped"))


def balancer(name: str, state: ServerState | None, check: str | None = None) -> SurveyedBalancer:
    if state is None:
        return SurveyedBalancer(name)
    server = BackendServer("one", state.value, state, check=check)
    return SurveyedBalancer(name, Reading(value=Backend("b", "UP", 1, 0, (server,))))


def survey(
    *nodes: SurveyedNode,
    views: dict[str, Sign] | None = None,
    balancers: tuple[SurveyedBalancer, ...] = (),
) -> Survey:
    """All nodes silent but those given; `views` is what each observer sees of p1."""
    known = {name: unreached(name) for name in (*MAIN, *DR)} | {node.name: node for node in nodes}
    seen = {observer: {"p1": sign} for observer, sign in (views or {}).items()}
    return Survey(0.0, known, {one.name: one for one in balancers}, seen)


def test_a_site_that_is_cut_off_is_not_proven_dead_however_many_observers_stand_behind_the_cut() -> None:
    seen = evidence(survey(reached("d1"), reached("d2"), views={"d1": SILENT, "d2": SILENT}), GROUND, "p1")
    assert len(seen.dead) == 3
    assert seen.vantages == {"console", "the DR site"}
    assert not seen.proven
    assert CUT_OFF in seen.text


def test_silence_counts_with_an_observer_of_the_node_s_own_site() -> None:
    seen = evidence(survey(reached("a1"), views={"a1": SILENT}), GROUND, "p1")
    assert seen.proven
    assert CUT_OFF not in seen.text


def test_one_vantage_alone_proves_nothing() -> None:
    assert not evidence(survey(), GROUND, "p1").proven
    seen = survey(unreached("p1", FailureKind.PERMISSION), reached("a1"), views={"a1": REFUSING})
    assert not evidence(seen, GROUND, "p1").proven


def test_a_refusal_proves_from_outside_what_silence_does_not() -> None:
    port = unreached("p1", FailureKind.REFUSED, REFUSING)
    assert evidence(survey(port, reached("d1"), views={"d1": SILENT}), GROUND, "p1").proven


def test_a_host_that_refuses_its_port_and_is_silent_by_ssh_is_behind_a_firewall() -> None:
    port = unreached("p1", FailureKind.UNREACHABLE, REFUSING)
    assert not evidence(survey(port, reached("d1"), views={"d1": SILENT}), GROUND, "p1").proven


def test_the_host_s_own_word_is_enough_and_anybody_s_answer_undoes_every_proof() -> None:
    assert evidence(survey(stopped("p1")), GROUND, "p1").proven
    assert not evidence(survey(stopped("p1"), reached("d1"), views={"d1": ANSWERING}), GROUND, "p1").proven
    answered = unreached("p1", FailureKind.REFUSED, ANSWERING)
    assert not evidence(survey(answered, views={"a1": SILENT, "b1": SILENT}), GROUND, "p1").proven


@pytest.mark.parametrize(
    ("check", "proven"), [("L4TOUT", True), ("L4CON", True), ("L7TOUT", True), ("L7RSP", False), (None, False)]
)
def test_a_failed_check_proves_death_only_where_nobody_answered_it(check: str | None, proven: bool) -> None:
    seen = evidence(survey(balancers=(balancer("lb1", ServerState.DOWN, check),)), GROUND, "p1")
    assert seen.proven is proven


def test_a_check_that_is_still_good_is_named_and_no_objection() -> None:
    seen = evidence(survey(views={"a1": SILENT}, balancers=(balancer("lb1", ServerState.UP, "L7OK"),)), GROUND, "p1")
    assert seen.still_up == ("lb1",)
    assert seen.proven


def test_the_operator_s_word_is_asked_for_exactly_where_nothing_else_helps() -> None:
    cut = survey(reached("d1"), views={"d1": SILENT})
    assert wants_word(cut, GROUND, MAIN, frozenset()) == MAIN
    assert wants_word(cut, GROUND, MAIN, frozenset({"p1"})) == ("b1", "a1")
    assert accounted(cut, GROUND, "p1", frozenset({"p1"}))
    near = survey(reached("a1"), views={"a1": SILENT})
    assert wants_word(near, GROUND, ("p1",), frozenset()) == ()
    answered = survey(reached("d1"), views={"d1": ANSWERING})
    assert not accounted(answered, GROUND, "p1", frozenset({"p1"}))
    assert wants_word(answered, GROUND, ("p1",), frozenset()) == ()


@pytest.mark.parametrize("kind", [FailureKind.PERMISSION, FailureKind.HOST_KEY_CHANGED, FailureKind.HOST_KEY_UNKNOWN])
def test_a_host_that_lets_nobody_in_is_not_read_whatever_others_miss(kind: FailureKind) -> None:
    locked_out = unreached("p1", kind, REFUSING)
    seen = survey(locked_out, reached("a1"), reached("b1"), views={"a1": REFUSING, "b1": SILENT})
    assert evidence(seen, GROUND, "p1").unread
    assert not evidence(seen, GROUND, "p1").proven
    assert not accounted(seen, GROUND, "p1", frozenset({"p1"}))
    assert wants_word(seen, GROUND, ("p1",), frozenset()) == ()


def test_a_survey_remembers_who_answered_nobody_so_that_they_need_not_be_waited_for_twice() -> None:
    backup = SurveyedNode("b1", Reading(value="b1"), cluster=Reading(value=ClusterStatus(role=Role.BACKUP)))
    assert survey(backup, views={"b1": SILENT}).silent == ("p1", "a1", "d1", "d2")
    assert "p1" not in survey(backup, views={"b1": ANSWERING}).silent
    assert "p1" not in survey(backup, unreached("p1", port=ANSWERING)).silent
    quiet = survey(backup, views={"b1": SILENT})
    call = Call(cast(Hands, None), GROUND, "b1", {"dead": "p1"}, lambda: 1.0, quiet.memory)
    assert asyncio.run(checks()["still-dead"](call)).ok is True  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "later", "arguments"),
    [
        (Role.PRIMARY, 1.0, {"dead": "p1"}),
        (Role.BACKUP, 60.0, {"dead": "p1"}),
        (Role.BACKUP, 1.0, {"dead": "p1 b1"}),
        (Role.BACKUP, 1.0, {"dead": "p1", "stopped": "a1"}),
    ],
)
def test_they_are_asked_again_where_the_survey_does_not_answer_it(
    role: Role, later: float, arguments: dict[str, str]
) -> None:
    node = SurveyedNode("b1", Reading(value="b1"), cluster=Reading(value=ClusterStatus(role=role)))
    memory = survey(node, views={"b1": SILENT}).memory
    call = Call(cast(Hands, Asked()), GROUND, "d1", arguments, lambda: later, memory)
    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(checks()["still-dead"](call))  # type: ignore[arg-type]
    assert raised.group_contains(LookupError, match="asked")


class Asked:
    """Hands that tell that they were used."""

    def __getattr__(self, name: str) -> object:
        raise LookupError("asked")
