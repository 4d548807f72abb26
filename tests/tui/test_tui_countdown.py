"""When a load balancer will mark a server down or up, told from its checks and their intervals."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from dslsconsole.lab.practice import Lab
from dslsconsole.model.balancer import Backend, BackendServer, BalancerReadings, CheckTimes
from dslsconsole.model.reading import Reading
from dslsconsole.model.snapshot import key
from dslsconsole.settings import load
from dslsconsole.systems.readers import readers
from dslsconsole.tui import scenes
from dslsconsole.tui.render.one_server import one_server
from dslsconsole.tui.render.view import View
from tests.tui.test_tui_render import NOW, picture

BALANCER, SERVER = "haproxy-01", "dsls-primary"
TIMES = CheckTimes(SERVER, usual_s=30.0, changing_s=10.0, down_s=60.0)


def verdict(health: int, counted_at: float | None = None, times: CheckTimes | None = TIMES) -> str:
    """What is said of a server with rise 2 and fall 3."""
    found, place = picture(scenes.healthy()), key(scenes.CLUSTER, BALANCER)
    readings = found.snapshot.balancers[place]
    backend = readings.backend.value
    assert backend is not None

    def counted(server: BackendServer) -> BackendServer:
        return replace(server, health=health, rise=2, fall=3, counted_at=counted_at)

    servers = tuple(counted(one) if one.name == SERVER else one for one in backend.servers)
    told: Reading[Backend] = replace(readings.backend, value=replace(backend, servers=servers))
    checks = Reading((times,), NOW, "probe", None, NOW) if times is not None else Reading[tuple[CheckTimes, ...]]()
    changed = replace(readings, backend=told, checks=checks)
    snapshot = replace(found.snapshot, balancers=found.snapshot.balancers | {place: changed})
    sheet = one_server(View(scenes.shape(), replace(found, snapshot=snapshot), NOW), SERVER)
    assert sheet is not None
    column = next(n for n, one in enumerate(sheet.columns) if one.key == f"lb {BALANCER}")
    return next(row.cells[column].text for row in sheet.rows if row.key == "verdict")


@pytest.mark.parametrize(
    ("health", "counted_at", "expected"),
    [
        (4, None, "down after 3 failed checks (fall 3), 20s to 50s after it stops answering"),
        (3, NOW - 4, "down after 2 failed checks (fall 3), in about 16s"),
        (2, NOW - 4, "down after 1 failed check (fall 3), in about 6s"),
        (2, NOW - 40, "down after 1 failed check (fall 3), in about 0s"),
        (2, None, "down after 1 failed check (fall 3), within 10s"),
        (0, NOW - 4, "up after 2 passed checks (rise 2), 10s to 70s after it answers"),
        (1, NOW - 4, "up after 1 passed check (rise 2), in about 6s"),
    ],
)
def test_the_time_is_counted_down_where_checks_have_begun_to_differ(
    health: int, counted_at: float | None, expected: str
) -> None:
    assert verdict(health, counted_at) == expected


def test_without_the_hosts_configuration_checks_alone_are_counted() -> None:
    assert verdict(4, times=None) == "down after 3 failed checks (fall 3)"
    assert verdict(4, times=replace(TIMES, changing_s=None)) == "down after 3 failed checks (fall 3)"


async def test_the_intervals_are_read_from_the_load_balancers_own_file_now_and_then(tmp_path: Path) -> None:
    clock = [scenes.NOON]
    async with Lab(tmp_path / "lab") as lab, readers(load(lab.estate_path), lambda: clock[0]) as found:
        reader = next(one for one in found if one.key.endswith(BALANCER))

        async def read() -> BalancerReadings:
            readings = await reader.read()
            assert isinstance(readings, BalancerReadings)
            return readings

        first = await read()
        assert first.checks.value is not None
        assert {one.server for one in first.checks.value} == {"dsls-primary", "dsls-backup"}
        assert all(one.usual_s == one.changing_s == one.down_s for one in first.checks.value)
        assert (await read()).checks.tried_at is None
        clock[0] += 61
        assert (await read()).checks.value == first.checks.value
