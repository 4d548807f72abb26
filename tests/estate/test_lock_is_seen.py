"""The lock of a running operation is seen by whoever reads the cluster, on any host, as the probe user."""

import time

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.lock import Lock, LockRecord
from dslsconsole.runbooks.reach import Reach
from dslsconsole.sessions.status import report
from dslsconsole.settings import load
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.ground import Ground
from dslsconsole.watch.reading import read_once
from tests.estate import practising as p


async def seen(estate: Estate) -> object:
    (cluster,) = report(await read_once(estate), time.time()).clusters
    return cluster.operation


async def test_who_runs_what_and_how_far_it_is(lab: Lab) -> None:
    estate = load(lab.estate_path)
    ground = Ground(estate, p.CLUSTER)
    assert await seen(estate) is None
    record = LockRecord(
        operation="op-9",
        cluster=p.CLUSTER,
        runbook="failover",
        operator="bea",
        from_host="jump-02",
        pid=7,
        started_at=time.time() - 40,
        plan="abc",
        step=3,
        steps=8,
        beat_at=time.time(),
    )
    async with Reach(ground, time.time) as hands:
        lock = Lock(hands, ground, record, time.time)
        await lock.take(p.MAIN)
        found = await seen(estate)
        assert [getattr(found, name) for name in ("operator", "origin", "step", "steps", "alive")] == [
            *("bea", "jump-02", 3, 8, True)
        ]
        await lock.release()
    assert await seen(estate) is None
