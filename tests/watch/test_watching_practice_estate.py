"""The reading process on the practice estate, over SSH, while things there break."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.model.frames import decode
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import FailureKind
from dslsconsole.model.verdict import ClusterVerdict, Severity
from tests.webhook_receiver import Receiver

PROGRAM = (sys.executable, "-m", "dslsconsole")
CLUSTER, PRIMARY, BACKUP = "production-cluster", "dsls-primary-01", "dsls-backup-01"
INTERVAL_S = 2.0
SLACK_S = 2.0
"""For a busy machine, and for noticing that a new connection is not taken."""
DEADLINE_S = 30.0


class Watched:
    """What a `watch` process has told so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.picture = Picture()

    async def until(self, condition: Callable[["Watched"], bool], within: float = DEADLINE_S) -> None:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(within):
                while not condition(self):
                    frame = decode(await self._process.stdout.readline())
                    self.picture = self.picture.apply(frame) if frame is not None else self.picture
        except TimeoutError:
            told = f"{self.verdict.sentence if self.verdict else 'no verdict'}; {self.picture.alerts}"
            pytest.fail(f"it was not told within {within:g} s; known is: {told}")

    @property
    def verdict(self) -> ClusterVerdict | None:
        return self.picture.verdicts.get(CLUSTER)

    @property
    def serves(self) -> bool:
        return self.verdict is not None and self.verdict.serving is True

    @property
    def alerts(self) -> dict[str, str]:
        """Subject by id."""
        return {alert.id: alert.subject for alert in self.picture.alerts}

    def node(self, name: str) -> NodeReadings:
        return self.picture.snapshot.node(CLUSTER, name)

    def answers_whole(self, name: str) -> bool:
        """Whether everything that was asked of a node was read in its newest round."""
        node = self.node(name)
        asked = [getattr(node, section) for section in node.__struct_fields__]
        return node.cluster.value is not None and not any(reading.failure for reading in asked)


@asynccontextmanager
async def watching(lab: Lab, *options: str) -> AsyncIterator[Watched]:
    """A `watch` process that has read everything once."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "-c",
        str(lab.estate_path),
        "watch",
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=8_000_000,
    )
    watched = Watched(process)
    try:
        await watched.until(lambda now: now.serves and now.picture.snapshot.round_at is not None)
        yield watched
    finally:
        if process.returncode is None:
            process.terminate()
        _, said = await process.communicate()
    assert said.decode() == ""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab") as lab:
        yield lab


async def test_a_dead_primary_is_told_within_one_interval(lab: Lab) -> None:
    async with watching(lab) as watched:
        await lab.fault("node-down", PRIMARY)
        wanted = {"node_failure": PRIMARY, "no_primary": CLUSTER}
        await watched.until(lambda now: wanted.items() <= now.alerts.items(), within=INTERVAL_S + SLACK_S)
        assert watched.verdict is not None
        assert (watched.verdict.serving, watched.verdict.primary) == (False, None)
        assert watched.node(PRIMARY).cluster.value is not None, "what was known last is kept"


async def test_a_killed_server_is_told_within_one_interval_and_is_no_dead_host(lab: Lab) -> None:
    async with watching(lab) as watched:
        await lab.fault("service-killed", PRIMARY)
        wanted = {"service_down": PRIMARY, "no_primary": CLUSTER}
        await watched.until(lambda now: wanted.items() <= now.alerts.items(), within=INTERVAL_S + SLACK_S)
        assert "node_failure" not in watched.alerts
        assert watched.node(PRIMARY).link.failure is None


async def cluster_status_costs_only_itself(watched: Watched, kind: FailureKind) -> None:
    """One node's answer is bad: its other readings, the other nodes and the verdict stay."""
    await watched.until(lambda now: now.node(BACKUP).cluster.failure is not None)
    failure = watched.node(BACKUP).cluster.failure
    assert failure is not None
    assert failure.kind is kind, failure.text
    assert failure.text.startswith(BACKUP)
    assert failure.text.isprintable()
    assert watched.node(BACKUP).link.failure is None
    assert watched.node(BACKUP).service.failure is None
    assert watched.node(BACKUP).cluster.value is not None
    at = watched.node(PRIMARY).cluster.at or 0.0
    await watched.until(lambda now: (now.node(PRIMARY).cluster.at or 0.0) > at)
    assert watched.answers_whole(PRIMARY)
    assert watched.serves


async def test_bad_answers_cost_only_themselves_and_are_forgotten_when_they_are_good_again(lab: Lab) -> None:
    server = lab.world.nodes[BACKUP].server
    async with watching(lab) as watched:
        for garbage in (b"\x1b[2J\x1b]0;owned\x07\xff\xfe", b'{"role": "back', b"x" * 100_000_000):
            server.garbage = garbage
            await cluster_status_costs_only_itself(watched, FailureKind.GARBLED)
            server.garbage = None
            await watched.until(lambda now: now.answers_whole(BACKUP))
        await lab.fault("command-hangs", BACKUP)
        await cluster_status_costs_only_itself(watched, FailureKind.NO_ANSWER)
        await lab.heal()
        await watched.until(lambda now: now.answers_whole(BACKUP))


async def test_a_changed_host_key_is_refused_and_said(lab: Lab) -> None:
    async with watching(lab) as watched:
        await lab.fault("host-key-changed", BACKUP)
        await watched.until(lambda now: now.alerts.get("host_key_changed") == BACKUP)
        failure = watched.node(BACKUP).link.failure
        assert failure is not None
        assert failure.kind is FailureKind.HOST_KEY_CHANGED
        [alert] = [alert for alert in watched.picture.alerts if alert.id == "host_key_changed"]
        assert alert.severity is Severity.CRITICAL
        assert "node_failure" not in watched.alerts
        assert watched.answers_whole(PRIMARY)
        assert watched.serves


async def test_a_key_that_is_not_accepted_costs_its_host_and_says_so(lab: Lab) -> None:
    host = lab.world.hosts[BACKUP]
    home = host.accounts["dslsprobe"].home
    host.write(f"{home}/.ssh/authorized_keys", "", owner="dslsprobe", mode=0o600)
    async with watching(lab) as watched:
        await watched.until(lambda now: now.node(BACKUP).link.failure is not None)
        failure = watched.node(BACKUP).link.failure
        assert failure is not None
        assert failure.kind is FailureKind.PERMISSION
        assert "authorized_keys" in failure.text
        assert "node_failure" not in watched.alerts
        assert watched.serves


async def test_alerts_go_to_the_webhook_from_the_process_that_is_told_to_send_them(lab: Lab) -> None:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    with lab.estate_path.open("a") as estate:
        estate.write(f"notifications:\n  - {{when: critical, webhook: '{url}'}}\n")
    async with server, watching(lab), watching(lab, "--notify"):
        await lab.fault("service-killed", PRIMARY)
        await receiver.was_told(("service_down", "raised"), ("no_primary", "raised"))
        await lab.heal()
        await receiver.was_told(("service_down", "cleared"), ("no_primary", "cleared"))
    assert len(receiver.told()) == len(set(receiver.told())), "the other process sends nothing"


async def status(lab: Lab, *options: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "status", "-c", str(lab.estate_path), *options, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(DEADLINE_S):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_status_is_ok_then_critical_in_its_exit_status_and_its_first_line(lab: Lab) -> None:
    async with watching(lab) as watched:
        good, document = await status(lab, "--json")
        [cluster] = json.loads(document)["clusters"]
        assert good in (0, 1), document
        assert (cluster["primary"], cluster["serving"]) == (PRIMARY, True)
        assert cluster["dr"]["lag_s"] is not None
        await lab.fault("node-down", PRIMARY)
        # Its peers notice in their own time.
        await watched.until(lambda now: "no_primary" in now.alerts)
    bad, said = await status(lab)
    assert bad == 2, said
    assert said.splitlines()[0].startswith(f"CRITICAL - {CLUSTER}: no node is primary")


async def test_one_hung_host_does_not_hold_up_status(lab: Lab) -> None:
    await lab.fault("node-hung", BACKUP)
    code, document = await status(lab, "--json")
    [cluster] = json.loads(document)["clusters"]
    assert code in (1, 2)
    nodes = {node["name"]: node for node in cluster["nodes"]}
    assert nodes[BACKUP]["reachable"] is False
    assert nodes[BACKUP]["error"]
    assert nodes[PRIMARY]["role"] == "primary"
    assert cluster["serving"] is True
