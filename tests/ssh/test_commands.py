"""Commands, shells and files over one connection: their ends, bounds and failures."""

import asyncio

import asyncssh
import pytest

from dslsconsole.model.reading import FailureKind
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from dslsconsole.ssh.shell import Unanswered
from tests.own_ssh_server import OwnServer

Process = asyncssh.SSHServerProcess[bytes]


async def test_a_command_gets_its_input_and_gives_its_outputs_and_status(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        process.stdout.write(b"out:" + await process.stdin.read())
        process.stderr.write(b"err")
        process.exit(7)

    server.serve = serve
    async with Pool(server.access()) as pool:
        done = await (await pool.connection(server.target)).run("anything", stdin=b"in", timeout=5)
    assert (done.status, done.stdout, done.stderr, done.truncated) == (7, "out:in", "err", False)


async def test_bytes_that_are_no_text_are_replaced(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        process.stdout.write(b"a\xffb")
        process.exit(0)

    server.serve = serve
    async with Pool(server.access()) as pool:
        assert (await (await pool.connection(server.target)).run("x", timeout=5)).stdout == "a\ufffdb"


async def test_a_command_that_prints_without_end_is_cut_and_ended(server: OwnServer) -> None:
    ended = asyncio.Event()

    async def serve(process: Process) -> None:
        try:
            while not process.is_closing():
                process.stdout.write(b"x" * 65_536)
                await process.stdout.drain()
        finally:
            ended.set()

    server.serve = serve
    async with Pool(server.access()) as pool:
        done = await (await pool.connection(server.target)).run("yes", timeout=5, limit=100_000)
        async with asyncio.timeout(30):
            await ended.wait()
    assert done.truncated
    assert len(done.stdout) == 100_000


async def test_a_command_without_end_costs_its_time_and_leaves_the_connection(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        if process.command == "quick":
            process.exit(0)
        else:
            await process.stdin.read()
            await process.wait_closed()

    server.serve = serve
    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        with pytest.raises(SshError) as caught:
            await connection.run("slow", timeout=0.2)
        assert caught.value.failure.kind is FailureKind.NO_ANSWER
        assert "node-1" in caught.value.failure.text
        assert (await connection.run("quick", timeout=5)).status == 0


async def test_a_connection_that_dies_under_a_command_leaves_its_outcome_unknown(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        process.stdout.write(b"begun")
        process.get_extra_info("connection").abort()

    server.serve = serve
    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        with pytest.raises(SshError) as caught:
            await connection.run("restart", timeout=5)
        assert caught.value.failure.kind is FailureKind.LOST
        assert not connection.is_open


async def test_a_signal_is_told_instead_of_a_status(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        process.exit_with_signal("KILL", False, "", "")

    server.serve = serve
    async with Pool(server.access()) as pool:
        done = await (await pool.connection(server.target)).run("x", timeout=5)
    assert (done.status, done.signal) == (None, "KILL")


async def test_a_shell_answers_line_by_line(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        while line := await process.stdin.readline():
            process.stdout.write(b"you said " + line + b"end\n")

    server.serve = serve
    async with Pool(server.access()) as pool:
        shell = await (await pool.connection(server.target)).shell("sh")
        assert await shell.ask("one", "end", timeout=5) == b"you said one\n"
        assert await shell.ask("two", "end", timeout=5) == b"you said two\n"


async def test_a_shell_is_closed_after_a_late_answer_and_gives_what_came(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        await process.stdin.readline()
        process.stdout.write(b"half ")
        await process.wait_closed()

    server.serve = serve
    async with Pool(server.access()) as pool:
        shell = await (await pool.connection(server.target)).shell("sh")
        with pytest.raises(Unanswered) as caught:
            await shell.ask("one", "end", timeout=0.2)
        assert caught.value.partial == b"half "
        assert caught.value.failure.kind is FailureKind.NO_ANSWER
        assert not shell.is_open


async def test_a_shell_that_floods_is_closed(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        await process.stdin.readline()
        try:
            while not process.is_closing():
                process.stdout.write(b"x" * 65_536)
                await process.stdout.drain()
        except (BrokenPipeError, asyncssh.Error, asyncssh.SignalReceived):
            process.exit(1)

    server.serve = serve
    async with Pool(server.access()) as pool:
        shell = await (await pool.connection(server.target)).shell("sh")
        with pytest.raises(Unanswered) as caught:
            await shell.ask("one", "end", timeout=5, limit=200_000)
        assert caught.value.failure.kind is FailureKind.GARBLED
        assert len(caught.value.partial) < 400_000


async def test_the_last_words_of_a_shell_that_ended_are_told(server: OwnServer) -> None:
    async def serve(process: Process) -> None:
        process.stderr.write(b"sh: not allowed\n")
        process.exit(126)

    server.serve = serve
    async with Pool(server.access()) as pool:
        shell = await (await pool.connection(server.target)).shell("sh")
        with pytest.raises(Unanswered, match="sh: not allowed") as caught:
            await shell.ask("one", "end", timeout=5)
        assert caught.value.failure.kind is FailureKind.LOST


async def test_only_one_of_two_creates_a_file(server: OwnServer) -> None:
    path = str(server.directory / "cluster.lock")
    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        created = await asyncio.gather(
            *(connection.create_exclusively(path, f"owner {number}".encode()) for number in range(4))
        )
        assert sorted(created) == [False, False, False, True]
        assert await connection.read_file(path) == f"owner {created.index(True)}".encode()
        assert "cluster.lock" in (await connection.list_directory(str(server.directory)) or ())
        await connection.replace_file(path, b"another")
        assert await connection.read_file(path) == b"another"
        assert await connection.remove(path)
        assert not await connection.remove(path)
        assert await connection.read_file(path) is None
        assert await connection.list_directory(path) is None


async def test_whoever_reads_a_file_that_several_replace_finds_one_of_theirs_whole(server: OwnServer) -> None:
    path = str(server.directory / "cluster.lock")
    texts = [f"{number}".encode() * 20_000 for number in range(10, 16)]
    found: list[bytes | None] = []

    async def write_and_read(text: bytes) -> None:
        await connection.replace_file(path, text)
        found.append(await connection.read_file(path))

    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        async with asyncio.TaskGroup() as tasks:
            for text in texts * 3:
                tasks.create_task(write_and_read(text))
        names = await connection.list_directory(str(server.directory)) or ()
    assert len(found) == 18
    assert set(found) <= set(texts)
    assert [name for name in names if name.startswith("cluster.lock")] == ["cluster.lock"]


async def test_files_share_one_session_and_one_that_ended_is_replaced(server: OwnServer) -> None:
    path = str(server.directory / "cluster.lock")
    opened: list[asyncssh.SFTPServer] = []
    server.files = opened.append
    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        for text in (b"one", b"two"):
            await connection.replace_file(path, text)
            assert await connection.read_file(path) == text
        assert len(opened) == 1
        opened[0].channel.close()
        with pytest.raises(SshError, match="not known") as caught:
            await connection.replace_file(path, b"three")
        assert caught.value.failure.kind is FailureKind.LOST
        assert await connection.read_file(path) == b"two"
        assert len(opened) == 2


async def test_a_file_operation_that_takes_too_long_spoils_no_other(server: OwnServer) -> None:
    path = str(server.directory / "cluster.lock")
    opened: list[asyncssh.SFTPServer] = []
    server.files = opened.append
    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        await connection.replace_file(path, b"one")
        with pytest.raises(SshError) as caught:
            await connection.read_file(path, timeout=0)
        assert caught.value.failure.kind is FailureKind.NO_ANSWER
        assert await connection.read_file(path) == b"one"
        assert len(opened) == 2


async def test_a_file_that_cannot_be_created_is_not_one_that_exists(server: OwnServer) -> None:
    async with Pool(server.access()) as pool:
        connection = await pool.connection(server.target)
        with pytest.raises(SshError) as caught:
            await connection.create_exclusively(str(server.directory / "none" / "lock"), b"me")
        assert caught.value.failure.kind is FailureKind.ABSENT
