"""What is said to hosts, word for word, and what their answers are taken for."""

import asyncio
import base64
import gzip
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import (
    Answer,
    Call,
    Checked,
    Forbidden,
    Page,
    Refused,
    Request,
    Unfinished,
    Unreached,
    Untested,
    actions,
    checks,
)
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.rsync.act import rehearsal_in
from dslsconsole.systems.systemd.act import START_ASKED

ESTATE = Estate.model_validate(
    {
        "version": 1,
        "clusters": {
            "c": {
                "nodes": {
                    "p1": {"mode": "primary", "address": "10.0.0.1", "unit": "dsls-primary"},
                    "b1": {"mode": "backup", "address": "10.0.0.2", "unit": "dsls-backup", "port": 27001},
                },
                "load_balancers": {
                    "servers": {"p1": "one", "b1": "two"},
                    "hosts": {"lb1": {"socket": "/run/h.sock"}, "lb2": {"stats_url": "http://10.0.0.9:8404/stats"}},
                },
                "dr": {
                    "site": "s",
                    "nodes": {"d1": {"mode": "dr-primary", "address": "10.1.0.1", "ssh_port": 2222}},
                    "sync": {
                        "remote_user": "dslsop",
                        "remote_identity_file": "/etc/k e y",
                        "files": [{"from": "/a/", "to": "/b/", "max_delete": 5, "exclude": ["x y"]}],
                    },
                    "dns": {
                        "server": "10.0.0.53",
                        "zone": "company.com",
                        "record": "dsls.company.com",
                        "main_address": "10.0.0.100",
                        "dr_address": "10.1.0.100",
                        "key_file": "/etc/k",
                    },
                },
            }
        },
    }
)


@dataclass
class Recorded:
    """Hands that answer from a table and keep what was asked."""

    answers: list[Answer] = field(default_factory=list)
    socket_answer: str = ""
    page: Page = field(default_factory=lambda: Page(303, "/stats;st=DONE"))
    asked: list[str] = field(default_factory=list)
    stdin: list[bytes | None] = field(default_factory=list)

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        self.asked.append(f"{host}: {command}")
        self.stdin.append(stdin)
        return self.answers.pop(0)

    async def ask_socket(self, host: str, path: str, line: str, *, timeout: float) -> str:
        self.asked.append(f"{host}: {path}: {line}")
        return self.socket_answer

    async def request(self, request: Request, *, timeout: float) -> Page:
        self.asked.append(f"{request.method} {request.url} {request.form}")
        return self.page

    async def greet(self, host: str, port: int, line: str, *, timeout: float) -> str:
        raise Unreached(Failure(FailureKind.UNREACHABLE, "silent"))

    async def create(self, host: str, path: str, data: bytes) -> bool:
        return True

    async def read(self, host: str, path: str) -> bytes | None:
        return None

    async def replace(self, host: str, path: str, data: bytes) -> None:
        return None

    async def remove(self, host: str, path: str) -> None:
        return None

    async def names(self, host: str, path: str) -> tuple[str, ...] | None:
        return None


class Voters(Recorded):
    """Hands of a cluster whose p1 is silent, and whose voters refuse with given words before they agree."""

    def __init__(self, refusals: list[str], alive: str = "") -> None:
        super().__init__()
        self.refusals = refusals
        self.alive = alive

    @property
    def promotions(self) -> list[str]:
        return [asked for asked in self.asked if "-promote-to-primary" in asked]

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        self.asked.append(f"{host}: {command}")
        if "-promote-to-primary" in command:
            return Answer(1, "", f"ERROR: {self.refusals.pop(0)}") if self.refusals else ok("Promoted: b1 epoch=8")
        if host == "p1" and self.alive != "by ssh":
            raise Unreached(Failure(FailureKind.UNREACHABLE, "no way to p1"))
        if "-cluster-status" in command:
            role = "primary" if host == "d1" and self.alive == "another serves" else "backup"
            return ok(f'{{"node":"{host}","role":"{role}","state":"running","epoch":7}}')
        if "systemctl" in command:
            return ok(UNIT.format(load="loaded", active="active", pid="41"))
        if "-server 10.0.0.1:27000" in command and self.alive == "seen by another":
            return ok("Server Status: Running\n")
        return Answer(3, "")

    async def greet(self, host: str, port: int, line: str, *, timeout: float) -> str:
        self.asked.append(f"console: knock at {host}")
        if self.alive == "by its port":
            return "Server Status: Running"
        raise Unreached(Failure(FailureKind.UNREACHABLE, "silent"))


class LetsNobodyIn(Voters):
    """The same, of which p1 answers SSH and refuses us."""

    def __init__(self, kind: FailureKind) -> None:
        super().__init__([])
        self.kind = kind

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        if host == "p1":
            raise Unreached(Failure(self.kind, "p1 accepts none of our keys"))
        return await super().run(host, command, stdin=stdin, timeout=timeout)


def call(hands: Recorded, host: str, memory: dict[str, str] | None = None, **arguments: str) -> Call:
    return Call(hands, Ground(ESTATE, "c"), host, arguments, lambda: 1000.0, memory if memory is not None else {})


def do(name: str, hands: Recorded, host: str, memory: dict[str, str] | None = None, **arguments: str) -> str:
    return asyncio.run(actions()[name].do(call(hands, host, memory, **arguments)))  # type: ignore[arg-type]


def check(name: str, hands: Recorded, host: str, memory: dict[str, str] | None = None, **arguments: str) -> Checked:
    return asyncio.run(checks()[name](call(hands, host, memory, **arguments)))  # type: ignore[arg-type]


def ok(text: str = "") -> Answer:
    return Answer(0, text)


UNIT = "Id=dsls-primary.service\nLoadState={load}\nActiveState={active}\nSubState=x\nMainPID={pid}\n"


def test_a_command_that_ends_by_its_time_limit_may_have_happened() -> None:
    with pytest.raises(Unfinished):
        do("service-stop", Recorded([Answer(124, "")]), "p1")
    with pytest.raises(Refused):
        do("service-stop", Recorded([Answer(1, "", "Failed")]), "p1")


@pytest.mark.parametrize(
    ("load", "active", "pid", "status", "expected"),
    [
        ("loaded", "inactive", "0", 3, True),
        ("loaded", "failed", "0", 3, True),
        ("loaded", "active", "41", 3, False),
        ("loaded", "deactivating", "41", 3, False),
        ("loaded", "inactive", "41", 3, False),
        ("not-found", "inactive", "0", 3, None),
        ("loaded", "inactive", "0", 124, None),
    ],
)
def test_stopped_is_proven_by_unit_process_and_silence(
    load: str, active: str, pid: str, status: int, expected: bool | None
) -> None:
    hands = Recorded([ok(UNIT.format(load=load, active=active, pid=pid)), Answer(status, "")])
    assert check("stopped-for-certain", hands, "p1").ok is expected


def test_a_server_that_still_answers_the_witness_is_not_stopped() -> None:
    unit = ok(UNIT.format(load="loaded", active="inactive", pid="0"))
    hands = Recorded([unit, Answer(3, ""), ok("Server Status: Running\n")])
    assert check("stopped-for-certain", hands, "p1", witness="b1").ok is False
    assert hands.asked[-1].endswith("-status -server 10.0.0.1:27000")


def test_promotion_is_never_forced_without_an_attestation() -> None:
    hands = Recorded([Answer(1, "", "ERROR: p1 serves as primary")])
    with pytest.raises(Refused):
        do("promote", hands, "b1")
    assert len(hands.asked) == 1


def test_an_attested_promotion_is_forced_only_when_it_was_refused() -> None:
    hands = Recorded([ok("Promoted: b1 epoch=8")])
    do("promote", hands, "b1", attested="p1")
    assert "-force" not in " ".join(hands.asked)
    voters = Voters(["voter b1 heard primary p1 1.0s ago and holds its vote"])
    do("promote", voters, "b1", attested="p1")
    assert voters.promotions[1].endswith("-promote-to-primary -node b1 -force")
    assert "console: knock at p1" in voters.asked


def test_votes_held_for_a_server_whose_own_host_proves_it_stopped_are_forced_without_an_attestation() -> None:
    hands = Voters(["voter b1 heard primary p1 1.0s ago and holds its vote"])
    do("promote", hands, "b1", certain="p1", dead="p1")
    assert hands.promotions[1].endswith("-force")


@pytest.mark.parametrize("refusal", ["no quorum (1/3 votes, 2 needed)", "d1 serves as primary", "internal error 0x2f"])
def test_without_an_attestation_nothing_but_held_votes_is_forced(refusal: str) -> None:
    hands = Voters([refusal])
    with pytest.raises(Refused, match="not forced"):
        do("promote", hands, "b1", certain="p1", dead="p1")
    assert len(hands.promotions) == 1


def test_no_vote_is_forced_once_the_stopped_server_runs_again() -> None:
    hands = Voters(["voter b1 heard primary p1 1.0s ago and holds its vote"], "by ssh")
    with pytest.raises(Forbidden, match="p1"):
        do("promote", hands, "b1", certain="p1", dead="p1")
    assert len(hands.promotions) == 1


def serving(epoch: int) -> Answer:
    return ok(f"Node: b1\nRole: primary\nState: running\nEpoch: {epoch}\n")


@pytest.mark.parametrize(
    ("before", "demoted"),
    [(serving(8), True), (serving(7), True), (serving(9), False), (ok("Node: b1\nRole: backup\n"), False)],
)
def test_a_server_that_serves_with_an_old_epoch_is_demoted_before_it_is_promoted(before: Answer, demoted: bool) -> None:
    hands = Recorded([before, *([ok("Demoted: b1")] if demoted else []), ok("Promoted: b1 epoch=9")])
    do("promote", hands, "b1", renew="yes", epoch_above="8")
    assert [("-demote-to-backup -node b1 -force" in one) for one in hands.asked] == [False, *([True] * demoted), False]


def test_a_promotion_to_an_epoch_that_another_server_had_is_refused_and_so_asked_again() -> None:
    hands = Recorded([ok("Node: b1\nRole: backup\n"), ok("Promoted: b1 epoch=8")])
    with pytest.raises(Refused, match="not above epoch 8"):
        do("promote", hands, "b1", renew="yes", epoch_above="8")


def test_without_that_wish_a_promotion_asks_for_nothing_else() -> None:
    hands = Recorded([ok("Promoted: b1 epoch=9")])
    do("promote", hands, "b1", epoch_above="8")
    assert len(hands.asked) == 1


def test_a_demotion_is_only_done_where_the_server_says_so() -> None:
    hands = Recorded([ok("Demoted: d1")])
    do("demote", hands, "d1")
    assert hands.asked[0].endswith("-demote-to-backup -node d1 -force")
    with pytest.raises(Refused):
        do("demote", Recorded([Answer(1, "", "ERROR: internal error")]), "d1")


@pytest.mark.parametrize("kind", [FailureKind.PERMISSION, FailureKind.HOST_KEY_CHANGED])
def test_a_host_that_was_dead_and_lets_nobody_in_now_is_not_known_to_be_dead(kind: FailureKind) -> None:
    checked = check("still-dead", LetsNobodyIn(kind), "b1", dead="p1")
    assert checked.ok is None
    assert "p1 answers SSH again" in checked.reading


@pytest.mark.parametrize(
    "refusal",
    [
        "d1 serves as primary",
        "p1 serves as primary (epoch 7)",
        "p1 is already primary and holds quorum",
        "voter b1 heard primary d1 1.0s ago and holds its vote",
        "internal error 0x2f",
        "b1 is still starting",
        "",
    ],
)
def test_only_voters_that_hold_their_votes_for_the_attested_are_forced(refusal: str) -> None:
    hands = Voters([refusal])
    with pytest.raises(Refused, match="not forced"):
        do("promote", hands, "b1", attested="p1")
    assert len(hands.promotions) == 1


@pytest.mark.parametrize("alive", ["by its port", "by ssh", "seen by another", "another serves"])
def test_nothing_is_forced_over_a_host_that_has_come_back(alive: str) -> None:
    hands = Voters(["no quorum (1/3 votes, 2 needed)"], alive)
    with pytest.raises(Forbidden, match="d1 says that it is primary" if alive == "another serves" else "p1"):
        do("promote", hands, "b1", attested="p1", dead="p1")
    assert len(hands.promotions) == 1


def test_a_promotion_that_is_asked_again_looks_again_first() -> None:
    hands = Voters(["still starting", "still starting"])
    memory: dict[str, str] = {}
    for _ in range(2):
        with pytest.raises(Refused):
            do("promote", hands, "b1", memory, dead="p1")
    assert len(hands.promotions) == 2
    hands.alive = "by its port"
    with pytest.raises(Forbidden, match="p1 is alive"):
        do("promote", hands, "b1", memory, dead="p1")
    assert len(hands.promotions) == 2


def test_those_that_the_operation_stopped_must_say_so_themselves() -> None:
    assert check("still-dead", Voters([]), "b1", stopped="p1").ok is None
    assert check("still-dead", Voters([]), "b1", dead="p1").ok is True


@pytest.mark.parametrize(("later", "looks"), [(0.5, 1), (60.0, 2)])
def test_a_look_of_a_moment_ago_is_not_repeated_before_forcing(later: float, looks: int) -> None:
    hands = Voters(["voter b1 heard primary p1 1.0s ago and holds its vote"], "")
    memory: dict[str, str] = {}
    assert check("still-dead", hands, "b1", memory, dead="p1").ok is True
    at = Call(hands, Ground(ESTATE, "c"), "b1", {"attested": "p1", "dead": "p1"}, lambda: 1000.0 + later, memory)
    asyncio.run(actions()["promote"].do(at))  # type: ignore[arg-type]
    assert hands.asked.count("console: knock at p1") == looks
    assert len(hands.promotions) == 2


CLUSTER = '{"node":"p1","role":"%s","state":"running","epoch":7}'


@pytest.mark.parametrize("state", ["", "{", '{"generation": null, "pools": []}', '{"pools":[{"name":"a"}]}'])
def test_an_unsound_token_state_is_never_pushed(state: str) -> None:
    hands = Recorded([ok(CLUSTER % "primary"), ok(state)])
    with pytest.raises(Refused):
        do("sync-tokens", hands, "p1", target="b1")
    assert len(hands.asked) == 2


def test_a_backup_pushes_nothing() -> None:
    hands = Recorded([ok(CLUSTER % "backup"), ok('{"generation":5,"pools":[{"name":"a","total":3,"used":1}]}')])
    with pytest.raises(Refused, match="only a primary"):
        do("sync-tokens", hands, "p1", target="b1")
    assert not any("-sync-tokens" in asked for asked in hands.asked)


def test_tokens_are_pushed_as_they_were_read() -> None:
    state = '{"generation":5,"pools":[{"name":"a","total":3,"used":1}]}'
    hands = Recorded([ok(CLUSTER % "primary"), ok(state), ok("Sync: OK generation=5")])
    memory: dict[str, str] = {}
    do("sync-tokens", hands, "p1", memory, target="b1")
    assert hands.stdin[-1] == state.encode()
    assert hands.asked[-1].endswith("-sync-tokens -target 10.0.0.2:27001")
    later = ok('{"generation":6,"pools":[{"name":"a","total":3,"used":2}]}')
    assert check("tokens-in-sync", Recorded([later]), "p1", memory, target="b1").ok is True


def packed(generation: object) -> bytes:
    return gzip.compress(f"DSLS-STATE 1 generation={generation} sha256=0\n".encode() + b"\x00state\xff", mtime=0)


def exported(generation: object) -> str:
    return base64.encodebytes(packed(generation)).decode()


def held(generation: int) -> Answer:
    return ok(f'{{"generation":{generation},"pools":[{{"name":"a","total":3,"used":1}}]}}')


def test_a_newer_state_of_a_stopped_server_is_imported_as_it_was_read() -> None:
    hands, memory = Recorded([ok(exported(7)), held(5), ok("Imported: generation=7")]), dict[str, str]()
    do("bring-over-last-state", hands, "p1", memory, target="b1")
    assert hands.asked[-1].startswith("b1: ")
    assert hands.asked[-1].endswith("-import-state")
    assert hands.stdin[-1] == packed(7)
    assert check("nothing-left-behind", Recorded([held(6)]), "p1", memory, target="b1").ok is False
    assert check("nothing-left-behind", Recorded([held(7)]), "p1", memory, target="b1").ok is True


def test_what_the_successor_has_already_is_not_imported() -> None:
    hands = Recorded([ok(exported(7)), held(8)])
    do("bring-over-last-state", hands, "p1", target="b1")
    assert len(hands.asked) == 2


@pytest.mark.parametrize("answer", [ok("Imported: generation=7"), Answer(1, "", "ERROR: state is not newer")])
def test_a_state_of_the_same_generation_is_imported_for_who_holds_what(answer: Answer) -> None:
    hands, memory = Recorded([ok(exported(7)), held(7), answer]), dict[str, str]()
    do("bring-over-last-state", hands, "p1", memory, target="b1")
    assert hands.asked[-1].endswith("-import-state")
    assert check("nothing-left-behind", Recorded([held(7)]), "p1", memory, target="b1").ok is True


PRIMARY_STATUS = '{"node":"p1","role":"primary","state":"running","epoch":7}'


def test_a_serving_primary_hands_over_its_whole_state() -> None:
    hands, memory = (
        Recorded([held(7), ok(PRIMARY_STATUS), ok(exported(7)), ok("Imported: generation=7")]),
        dict[str, str](),
    )
    assert check("state-handed-over", Recorded([held(6), held(5)]), "p1", memory, target="b1").ok is False
    do("hand-over-state", hands, "p1", memory, target="b1")
    assert hands.stdin[-1] == packed(7)
    assert check("state-handed-over", Recorded(), "p1", memory, target="b1").ok is True, "its own word is proof"


def test_what_does_not_serve_hands_nothing_over() -> None:
    hands = Recorded([held(7), ok(PRIMARY_STATUS.replace("primary", "backup")), ok(exported(7))])
    with pytest.raises(Refused, match="only a primary's state is handed over"):
        do("hand-over-state", hands, "p1", target="b1")


def test_a_target_that_is_ahead_of_the_primary_is_of_another_time_and_not_given_anything() -> None:
    with pytest.raises(Refused, match="never had"):
        do("hand-over-state", Recorded([held(9), ok(PRIMARY_STATUS), ok(exported(7)), held(8)]), "p1", target="b1")
    hands = Recorded([held(9), ok(PRIMARY_STATUS), ok(exported(7)), held(9)])
    do("hand-over-state", hands, "p1", target="b1")
    assert not any("-import-state" in asked for asked in hands.asked), "the primary has moved on, and it follows"


def test_where_no_state_is_exported_the_counts_are_pushed() -> None:
    nothing = Answer(3, "", "ERROR: no")
    answers = [held(7), ok(PRIMARY_STATUS), nothing, ok(PRIMARY_STATUS), held(7), ok("Sync: OK generation=7")]
    hands, memory = Recorded(answers), dict[str, str]()
    do("hand-over-state", hands, "p1", memory, target="b1")
    assert hands.asked[-1].endswith("-sync-tokens -target 10.0.0.2:27001")
    assert check("state-handed-over", Recorded([held(7)]), "p1", memory, target="b1").ok is True


def test_a_state_that_did_not_come_is_asked_for_again() -> None:
    late, memory = Answer(124, ""), dict[str, str]()
    do(
        "hand-over-state",
        Recorded([held(7), ok(PRIMARY_STATUS), late, ok(exported(7)), ok("Imported: x")]),
        "p1",
        memory,
        target="b1",
    )
    assert check("state-handed-over", Recorded([held(7)]), "p1", memory, target="b1").ok is True


def test_a_push_that_is_refused_leaves_nothing_in_step() -> None:
    refusal, memory = Answer(1, "", "ERROR: state is older"), dict[str, str]()
    with pytest.raises(Refused):
        do("sync-tokens", Recorded([ok(PRIMARY_STATUS), held(7), refusal]), "p1", memory, target="b1")
    assert check("tokens-in-sync", Recorded([held(7), held(9), held(8)]), "p1", memory, target="b1").ok is False
    assert check("tokens-in-sync", Recorded([held(7), held(9), held(9)]), "p1", memory, target="b1").ok is True


@pytest.mark.parametrize(
    "answers",
    [
        [Answer(3, "", "ERROR: local server does not run"), held(5)],
        [ok(""), held(5)],
        [ok("*no base64*\n"), held(5)],
        [ok("AAAA\n"), held(5)],
        [ok(exported("x")), held(5)],
        [ok(exported(7)), Answer(1, "", "ERROR: arbitrator holds no tokens")],
        [ok(exported(7)), held(5), Answer(1, "", "ERROR: state is damaged")],
    ],
)
def test_a_state_that_can_not_be_brought_over_is_told_and_holds_nobody_up(answers: list[Answer]) -> None:
    with pytest.raises(Untested, match="What changed at p1 after it was last passed on may be lost"):
        do("bring-over-last-state", Recorded(answers), "p1", target="b1")


@pytest.mark.parametrize("answer", ["Permission denied\n", "No such server.\n"])
def test_haproxys_words_on_the_socket_are_a_refusal(answer: str) -> None:
    with pytest.raises(Refused):
        do("server-maint", Recorded(socket_answer=answer), "lb1", node="p1", state="MAINT")


def test_the_socket_is_told_backend_and_server() -> None:
    hands = Recorded(socket_answer="\n")
    do("server-maint", hands, "lb1", node="p1", state="MAINT")
    assert hands.asked == ["lb1: /run/h.sock: set server dsls_servers/one state maint"]


TABLE = """# pxname,svname,status,type,check_status
dsls_servers,one,{one},2,{check}
dsls_servers,two,{two},2,L7OK
dsls_servers,BACKEND,UP,1,
"""


@pytest.mark.parametrize(
    ("one", "checked", "two", "answer", "expected"),
    [
        ("UP 1/3", "L4CON", "DOWN", ok("Server Status: Running\n"), True),
        ("UP 1/3", "L4CON", "DOWN", Answer(3, "Server Status: Stopped\n"), False),
        ("UP 1/3", "L4CON", "DOWN", Answer(3, ""), False),
        ("UP 1/3", "L4CON", "UP", None, False),
        ("DOWN", "L4CON", "DOWN", None, False),
        ("UP", "L7OK", "UP", None, True),
    ],
)
def test_a_server_whose_check_is_old_is_up_where_the_witness_is_answered_through_it(
    one: str, checked: str, two: str, answer: Answer | None, expected: bool
) -> None:
    hands = Recorded([answer] if answer else [], socket_answer=TABLE.format(one=one, two=two, check=checked))
    assert check("server-state", hands, "lb1", node="p1", state="UP", witness="p1").ok is expected
    if answer is not None:
        assert hands.asked[-1].endswith("-status -server lb1:27000")


def test_a_server_that_checks_find_down_is_brought_in_through_maintenance() -> None:
    hands = Recorded(socket_answer="\n")
    do("server-brought-in", hands, "lb1", node="p1", state="UP")
    lines = [asked.rpartition(": ")[2] for asked in hands.asked]
    assert lines == [f"set server dsls_servers/one state {state}" for state in ("maint", "ready")]
    assert list(actions()["server-brought-in"].commands(call(hands, "lb1", node="p1"))) == [
        f"/run/h.sock: {line}" for line in lines
    ]


@pytest.mark.parametrize(
    "page",
    [Page(303, "/stats;st=ERRP"), Page(303, "/stats;st=DENY"), Page(303, "/stats;st=PART"), Page(401), Page(200)],
)
def test_a_redirection_is_no_success_by_itself(page: Page) -> None:
    with pytest.raises(Refused):
        do("server-ready", Recorded(page=page), "lb2", {"channel of lb2": "page"}, node="p1", state="READY")


def test_dns_is_changed_by_compare_and_set() -> None:
    hands = Recorded([ok()])
    do("dns-update", hands, "d1", old="10.0.0.100", new="10.1.0.100")
    assert hands.asked == ["d1: timeout -k 1 15 nsupdate -k /etc/k -v -t 5"]
    lines = (hands.stdin[0] or b"").decode().splitlines()
    assert "prereq yxrrset dsls.company.com A 10.0.0.100" in lines
    assert lines[-1] == "send"


def test_only_an_authoritative_answer_counts() -> None:
    text = (
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n;; flags: qr{aa}; QUERY: 1, ANSWER: 1\n\n"
        ";; ANSWER SECTION:\ndsls.company.com.\t60\tIN\tA\t10.1.0.100\n\n"
        ";; ADDITIONAL SECTION:\nns.company.com.\t60\tIN\tA\t10.0.0.53\n"
    )
    assert check("record-is", Recorded([ok(text.format(aa=""))]), "d1", address="10.1.0.100").ok is None
    assert check("record-is", Recorded([ok(text.format(aa=" aa"))]), "d1", address="10.1.0.100").ok is True
    assert check("record-is", Recorded([ok(text.format(aa=" aa"))]), "d1", address="10.0.0.100").ok is False


REHEARSED = "*deleting   l3.lic\n>f.s....... l1.lic\n.d..t...... ./\n\nNumber of files: 5 (reg: 3, dir: 2)\n"


def test_what_a_copy_would_do_is_read_from_its_rehearsal() -> None:
    found = rehearsal_in(REHEARSED)
    assert (found.files, found.deletions, found.changes) == (3, 1, 2)
    assert rehearsal_in("Number of files: 12,345 (reg: 12,300, dir: 45)").files == 12300
    assert rehearsal_in("Number of files: 1 (dir: 1)").files == 0
    assert rehearsal_in("").files is None


def test_nothing_is_copied_from_an_empty_source() -> None:
    hands = Recorded([ok("*deleting   l1.lic\nNumber of files: 1 (dir: 1)\n")])
    with pytest.raises(Refused, match="empty source"):
        do("copy-files", hands, "p1", node="d1", files="0")
    assert len(hands.asked) == 1
    assert "-n" in hands.asked[0].split()


def test_every_argument_of_a_copy_is_quoted_for_where_it_goes() -> None:
    hands = Recorded([Answer(25, "")])
    with pytest.raises(Refused, match="max_delete"):
        do("copy-files", hands, "p1", node="d1", files="0")
    words = hands.asked[0]
    assert "'--exclude=x y'" in words
    assert "--max-delete=5" in words
    assert "StrictHostKeyChecking=yes" in words
    assert words.endswith("/a/ dslsop@10.1.0.1:/b/")


@given(st.text())
def test_whatever_far_sides_print_is_understood_or_not_but_never_breaks(text: str) -> None:
    rehearsal_in(text)
    for name in ("unit-active", "role-is", "server-answers"):
        assert check(name, Recorded([ok(text)] * 2), "p1", role="primary").ok in (True, False, None)


@pytest.mark.parametrize(
    ("active", "memory", "expected"),
    [("active", {}, True), ("deactivating", {}, False), ("deactivating", {START_ASKED: "yes"}, True)],
)
def test_a_server_that_is_being_stopped_answers_for_good_only_once_its_start_was_asked_for(
    active: str, memory: dict[str, str], expected: bool
) -> None:
    hands = Recorded([ok("Server Status: Running\n"), ok(UNIT.format(load="loaded", active=active, pid="41"))])
    checked = check("server-answers", hands, "p1", memory)
    assert checked.ok is expected, checked.reading
    assert ("systemd may yet kill it" in checked.reading) is bool(memory)


def test_where_its_unit_can_not_be_read_it_is_not_known_whether_a_server_goes_on_answering() -> None:
    assert check("server-answers", Recorded([ok("Server Status: Running\n"), Answer(124, "")]), "p1").ok is None


class Counter(Recorded):
    """Hands of a licence server that refuses so many checkouts, and counts so many licences free."""

    def __init__(self, refusals: int, free: int, role: str = "primary") -> None:
        super().__init__()
        self.refusals, self.free, self.role = refusals, free, role

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        self.asked.append(f"{host}: {command}")
        if "-test-checkout" in command:
            self.refusals -= 1
            return Answer(1, "", "ERROR: no tokens") if self.refusals >= 0 else ok("Checkout: OK catia_v6 1")
        if "-cluster-status" in command:
            return ok(f'{{"node":"{host}","role":"{self.role}","state":"running","epoch":7}}')
        feature = f'{{"name":"CATIA_V6","total":20,"used":{20 - self.free},"available":{self.free},"queued":3}}'
        return ok(f'{{"generation":1,"pools":[{{"name":"c","total":20,"used":20,"features":[{feature}]}}]}}')


def check_out(hands: Counter, **more: str) -> str:
    async def tried() -> str:
        call = Call(hands, Ground(ESTATE, "c"), "p1", {"feature": "catia_v6"} | more, lambda: 0.0)
        return await actions()["test-checkout"].do(call)

    return asyncio.run(tried())


class TestCheckout:
    def test_a_feature_of_which_all_is_in_use_is_not_tested_rather_than_failed(self) -> None:
        with pytest.raises(Untested, match="20 of 20 in use"):
            check_out(Counter(9, free=0), all_used="untested")

    def test_it_is_a_failure_where_licences_are_to_be_proven(self) -> None:
        with pytest.raises(Refused):
            check_out(Counter(9, free=0))

    def test_a_server_that_does_not_serve_fails_however_much_is_in_use(self) -> None:
        with pytest.raises(Refused):
            check_out(Counter(9, free=0, role="backup"), all_used="untested")

    def test_one_that_was_free_again_a_moment_later_is_tried_once_more(self) -> None:
        assert check_out(Counter(1, free=2), all_used="untested") == "Checkout: OK catia_v6 1"
        with pytest.raises(Refused):
            check_out(Counter(9, free=2), all_used="untested")
