"""The SSH servers of the practice estate, met with asyncssh and with OpenSSH's own client."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from dslsconsole.lab import keys
from dslsconsole.lab.host import Host
from dslsconsole.lab.network import CONSOLE
from dslsconsole.lab.sshd import MOST_SESSIONS, Sshd
from dslsconsole.lab.streams import Input, Output


@pytest.fixture
def operator_key(tmp_path: Path, host: Host) -> Path:
    path = tmp_path / "operator"
    key = keys.create(path, "dslsop")
    for name in ("dslsop", "dslsprobe"):
        home = host.accounts[name].home
        host.write(f"{home}/.ssh/authorized_keys", keys.public_line(key) + "\n", mode=0o600, owner=name)
    return path


@pytest.fixture
async def sshd(tmp_path: Path, host: Host, operator_key: Path) -> AsyncIterator[Sshd]:
    server = Sshd(host, keys.create(tmp_path / "host", "host"))
    host.services.append(server)
    await server.start()
    (tmp_path / "known_hosts").write_text(keys.known_hosts([("127.0.0.1", server.port, server.key)]))
    yield server
    await server.stop()
    await host.end_programs()


@pytest.fixture
async def connection(tmp_path: Path, sshd: Sshd, operator_key: Path) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with connect(tmp_path, sshd, operator_key) as opened:
        yield opened


@asynccontextmanager
async def connect(
    directory: Path, sshd: Sshd, key: Path, user: str = "dslsop"
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with asyncssh.connect(
        "127.0.0.1",
        sshd.port,
        username=user,
        client_keys=[str(key)],
        known_hosts=str(directory / "known_hosts"),
        agent_path=None,
        config=None,
    ) as opened:
        yield opened


async def test_runs_a_command_and_tells_its_status(connection: asyncssh.SSHClientConnection) -> None:
    done = await connection.run("echo out; echo err >&2; exit 7")
    assert (done.stdout, done.stderr, done.exit_status) == ("out\n", "err\n", 7)


async def test_nothing_of_the_clients_environment_arrives(connection: asyncssh.SSHClientConnection) -> None:
    done = await connection.run('echo "[${SECRET:-}]$USER"', env={"SECRET": "x"})
    assert done.stdout == "[]dslsop\n"


async def test_feeds_standard_input(connection: asyncssh.SSHClientConnection) -> None:
    done = await connection.run('while read -r line; do echo "<$line>"; done', input="a\nb c\n")
    assert done.stdout == "<a>\n<b c>\n"


async def test_answers_line_by_line_while_a_command_stays_open(connection: asyncssh.SSHClientConnection) -> None:
    process = await connection.create_process('while read -r a; do echo "got $a"; done')
    for word in ("one", "two"):
        process.stdin.write(word + "\n")
        assert await process.stdout.readline() == f"got {word}\n"
    process.stdin.write_eof()
    assert (await process.wait()).exit_status == 0


async def test_refuses_a_foreign_key(tmp_path: Path, sshd: Sshd) -> None:
    foreign = tmp_path / "foreign"
    keys.create(foreign, "x")
    with pytest.raises(asyncssh.PermissionDenied):
        async with connect(tmp_path, sshd, foreign):
            pytest.fail("a foreign key was taken")


async def test_a_changed_host_key_is_noticed(tmp_path: Path, sshd: Sshd, operator_key: Path) -> None:
    await sshd.change_key(keys.create(tmp_path / "other-key", "other"))
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        async with connect(tmp_path, sshd, operator_key):
            pytest.fail("a changed key was taken")


async def test_opens_only_so_many_sessions_at_once(connection: asyncssh.SSHClientConnection) -> None:
    opened = [await connection.create_process("cat") for _ in range(MOST_SESSIONS)]
    with pytest.raises(asyncssh.ChannelOpenError):
        await connection.create_process("cat")
    opened[0].stdin.write_eof()
    await opened[0].wait_closed()
    assert (await connection.run("echo again")).stdout == "again\n"
    for process in opened:
        process.close()


async def test_a_forced_command_replaces_what_was_asked(
    tmp_path: Path, host: Host, sshd: Sshd, operator_key: Path
) -> None:
    line = operator_key.with_name("operator.pub").read_text()
    home = host.accounts["dslsprobe"].home
    host.write(f"{home}/.ssh/authorized_keys", 'restrict,command="echo forced" ' + line)
    async with connect(tmp_path, sshd, operator_key, "dslsprobe") as opened:
        assert (await opened.run("rm -rf /")).stdout == "forced\n"


async def test_creates_a_file_exclusively_over_sftp(connection: asyncssh.SSHClientConnection, host: Host) -> None:
    flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_EXCL
    async with connection.start_sftp_client() as sftp:
        async with sftp.open("/tmp/a.lock", flags) as file:
            await file.write("mine")
        with pytest.raises(asyncssh.SFTPFailure):
            await sftp.open("/tmp/a.lock", flags)
        assert await sftp.listdir("/tmp") == ["a.lock"]
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await sftp.open("/etc/passwd-", flags)
    assert host.read("/tmp/a.lock") == b"mine"


async def test_sftp_never_leaves_the_hosts_own_tree(connection: asyncssh.SSHClientConnection, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    async with connection.start_sftp_client() as sftp:
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat("../../../../secret")
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat(str(tmp_path / "secret"))


async def test_forwards_to_a_unix_socket_of_the_host(connection: asyncssh.SSHClientConnection, host: Host) -> None:
    async def answer(reader: Input, writer: Output) -> None:
        await writer.write(b"you said " + await reader.readline())

    host.sockets["/run/haproxy/admin.sock"] = answer
    reader, writer = await connection.open_unix_connection("/run/haproxy/admin.sock")
    writer.write(b"show info\n")
    assert await reader.read() == b"you said show info\n"
    with pytest.raises(asyncssh.ChannelOpenError):
        await connection.open_unix_connection("/run/other.sock")


async def test_a_hung_host_answers_nothing_until_it_goes_on(
    connection: asyncssh.SSHClientConnection, host: Host
) -> None:
    host.freeze()
    asked = asyncio.create_task(connection.run("echo late"))
    finished, _ = await asyncio.wait({asked}, timeout=0.2)
    assert not finished
    host.thaw()
    async with asyncio.timeout(30):
        assert (await asked).stdout == "late\n"


async def test_a_cut_between_the_console_and_a_host_stops_answers(
    connection: asyncssh.SSHClientConnection, host: Host
) -> None:
    host.network.cut(CONSOLE, host.name)
    asked = asyncio.create_task(connection.run("echo late"))
    finished, _ = await asyncio.wait({asked}, timeout=0.2)
    assert not finished
    host.network.mend(CONSOLE, host.name)
    async with asyncio.timeout(30):
        assert (await asked).stdout == "late\n"


async def test_power_off_breaks_connections_and_power_on_listens_again(
    tmp_path: Path, host: Host, sshd: Sshd, operator_key: Path
) -> None:
    async with connect(tmp_path, sshd, operator_key) as opened:
        await host.power_off()
        async with asyncio.timeout(30):
            await opened.wait_closed()
    with pytest.raises(OSError, match="Connect call failed"):
        async with connect(tmp_path, sshd, operator_key):
            pytest.fail("a host without power answered")
    await host.power_on()
    async with connect(tmp_path, sshd, operator_key) as opened:
        assert (await opened.run("uname -n")).stdout == "dsls-primary-01\n"


async def test_a_command_goes_on_when_its_connection_breaks(
    tmp_path: Path, host: Host, sshd: Sshd, operator_key: Path
) -> None:
    goes_on = asyncio.Event()

    async def gate(seconds: float) -> None:
        await goes_on.wait()

    host.pause = gate
    async with connect(tmp_path, sshd, operator_key) as opened:
        process = await opened.create_process("echo started; sleep 5; echo done >/tmp/done")
        assert await process.stdout.readline() == "started\n"
        opened.abort()
    goes_on.set()
    async with asyncio.timeout(30):
        await host.programs_ended()
    assert host.read("/tmp/done") == b"done\n"


async def test_reads_files_the_kernel_computes_over_sftp(connection: asyncssh.SSHClientConnection) -> None:
    async with connection.start_sftp_client() as sftp, sftp.open("/proc/self/mountinfo") as file:
        assert (await file.read()).startswith("25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw")


async def test_an_interactive_shell_edits_lines_and_prompts(connection: asyncssh.SSHClientConnection) -> None:
    process = await connection.create_process(term_type="xterm")
    process.stdin.write("echo wrogn\x7f\x7fng; exit 4\r")
    assert await process.stdout.read() == "$ echo wrogn\b \b\b \bng; exit 4\r\nwrong\r\n"
    assert process.exit_status == 4


@pytest.mark.real
async def test_openssh_client_runs_commands(
    need: Callable[[str], str], tmp_path: Path, sshd: Sshd, operator_key: Path
) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [
            *(need("ssh"), "-F", "none", "-p", str(sshd.port), "-i", str(operator_key)),
            *("-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={tmp_path / 'known_hosts'}"),
            *("-o", "IdentitiesOnly=yes", "dslsop@127.0.0.1", "echo hello | grep h; uname -n; exit 5"),
        ],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.stdout, done.returncode) == ("hello\ndsls-primary-01\n", 5), done.stderr
