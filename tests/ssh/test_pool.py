"""Connections kept: shared, bounded, and tried again later and later."""

import asyncio

import pytest

from dslsconsole.model.reading import FailureKind
from dslsconsole.settings.schema import Ssh
from dslsconsole.ssh.access import Access, Target
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import FIRST_PAUSE_S, LONGEST_PAUSE_S, Pool
from tests.own_ssh_server import OwnServer


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_callers_at_the_same_time_share_one_connection(server: OwnServer) -> None:
    async with Pool(server.access()) as pool:
        found = await asyncio.gather(*(pool.connection(server.target) for _ in range(5)))
        assert len(set(map(id, found))) == 1
        assert len(server.connections) == 1
        assert await pool.connection(server.target) is found[0]


async def test_a_caller_who_gives_up_leaves_the_attempt_to_the_others(server: OwnServer) -> None:
    async with Pool(server.access()) as pool:
        first = asyncio.create_task(pool.connection(server.target))
        second = asyncio.create_task(pool.connection(server.target))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).is_open
        assert first.cancelled() or (await asyncio.wait((first,)))[0]


async def test_a_lost_connection_is_noticed_and_replaced(server: OwnServer) -> None:
    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        server.connections[0].abort()
        async with asyncio.timeout(30):
            await connection.tunnel().wait_closed()
        assert not connection.is_open
        again = await pool.connection(server.target)
        assert again is not connection
        assert again.is_open


async def test_a_dropped_connection_is_replaced(server: OwnServer) -> None:
    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        pool.drop(server.target)
        assert (await pool.connection(server.target)) is not connection


async def test_a_refusing_host_is_left_alone_for_longer_and_longer_pauses(server: OwnServer) -> None:
    clock = Clock()
    target, port = server.target, server.port
    await server.stop()
    async with Pool(server.access(), clock, jitter=lambda: 0.999) as pool:
        pauses = []
        for _ in range(5):
            with pytest.raises(SshError) as caught:
                await pool.connection(target)
            assert caught.value.failure.kind is FailureKind.REFUSED
            began = clock.now
            # While it backs off, the answer comes without an attempt.
            while target in pool.refusals and pool.refusals[target].until > clock.now:
                clock.now += 0.5
            pauses.append(clock.now - began)
        assert pauses == sorted(pauses)
        assert pauses[0] >= FIRST_PAUSE_S
        assert pauses[-1] <= LONGEST_PAUSE_S + 0.5
        await server.start(port)
        assert (await pool.connection(target)).is_open
        assert target not in pool.refusals


async def test_while_backing_off_the_last_failure_is_told_without_a_new_attempt(server: OwnServer) -> None:
    target, port = server.target, server.port
    await server.stop()
    async with Pool(server.access(), Clock()) as pool:
        with pytest.raises(SshError):
            await pool.connection(target)
        await server.start(port)
        with pytest.raises(SshError, match="refuses the connection"):
            await pool.connection(target)
        assert server.connections == []


async def test_acting_tries_anew_each_time(server: OwnServer) -> None:
    target, port = server.target, server.port
    await server.stop()
    async with Pool(server.access(), Clock(), back_off=False) as pool:
        with pytest.raises(SshError):
            await pool.connection(target)
        await server.start(port)
        assert (await pool.connection(target)).is_open


async def test_a_silent_host_costs_the_connect_timeout(server: OwnServer) -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    held: list[asyncio.StreamWriter] = []
    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with Pool(server.access(connect_timeout="300ms")) as pool:
        with pytest.raises(SshError) as caught:
            await pool.connection(Target("mute", "127.0.0.1", port))
    for writer in held:
        writer.close()
    listener.close()
    assert caught.value.failure.kind is FailureKind.UNREACHABLE
    assert "0.3 s" in caught.value.failure.text


async def test_nothing_can_be_run_without_an_operate_user() -> None:
    with pytest.raises(SshError, match="operate_user"):
        Access.operate(Ssh())


async def test_a_closed_pool_gives_no_connection(server: OwnServer) -> None:
    pool = Pool(server.access())
    connection = await pool.connection(server.target)
    await pool.close()
    assert not connection.is_open
    with pytest.raises(SshError):
        await pool.connection(server.target)
