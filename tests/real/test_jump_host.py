"""The jump host's sshd, as config/sshd/ has it: who logs in works the console, within what their group may."""

import getpass
import grp
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import yaml

from dslsconsole.commands.demo import practice_estate
from dslsconsole.shipped import shipped
from tests.real_sshd import RealSshd, real_sshd
from tests.terminal import Terminal

CONFIGURATION = shipped("config") / "sshd" / "50-dslsconsole.conf"
PROGRAM = "/usr/local/bin/dslsconsole -c /etc/dslsconsole/estate.yaml"
ARMING = "Arm for production-cluster"
HELP = "what the keys do"
SERVED = "licences are served by dsls-primary-01"

pytestmark = pytest.mark.real

Server = Callable[[str, Path], AbstractAsyncContextManager["JumpHost"]]


class JumpHost:
    """The running server, and how a person reaches it."""

    def __init__(self, client: str, sshd: RealSshd) -> None:
        self._sshd = sshd
        known_hosts = sshd.directory / "known_hosts"
        known_hosts.write_text(sshd.known)
        self._ssh = [client, "-F", "none", "-p", str(sshd.port), "-i", str(sshd.directory / "id")]
        self._ssh += ["-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={known_hosts}"]
        self._where = f"{getpass.getuser()}@127.0.0.1"

    def login(self, *command: str, options: tuple[str, ...] = ()) -> Terminal:
        """A person at a terminal, who may ask for a command instead of the console."""
        own = {"PATH": os.environ["PATH"], "HOME": str(self._sshd.directory), "TERM": "xterm-256color"}
        return Terminal([*self._ssh, "-tt", *options, self._where, *command], own)

    def without_terminal(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._ssh, *words[:-1], self._where, words[-1]], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def opens(self, port: int) -> subprocess.CompletedProcess[str]:
        """Ask for a connection to a port beyond it."""
        argv = [*self._ssh, "-W", f"127.0.0.1:{port}", self._where]
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "practice"
    directory.mkdir()
    with practice_estate(directory, seed=1, speed=1.0) as file:
        yield file


@pytest.fixture
def server(need: Callable[[str], str], tmp_path: Path) -> Server:
    sshd, client = need("sshd"), need("ssh")

    @asynccontextmanager
    async def with_us_in(group: str, estate: Path) -> AsyncIterator[JumpHost]:
        """The shipped configuration, with our own group in the place of that one."""
        text = CONFIGURATION.read_text(encoding="utf-8")
        own = grp.getgrgid(os.getgid()).gr_name
        text = text.replace(f"Match Group {group}\n", f"Match Group {own}\n")
        text = text.replace(PROGRAM, f"{sys.executable} -m dslsconsole -c {estate}")
        home = f"SetEnv XDG_CONFIG_HOME={tmp_path} XDG_STATE_HOME={tmp_path}"
        async with real_sshd(sshd, tmp_path / "sshd", options=(home, *text.splitlines())) as running:
            yield JumpHost(client, running)

    return with_us_in


async def test_who_is_on_call_logs_in_to_the_console(server: Server, estate: Path) -> None:
    async with server("dsls-oncall", estate) as host:
        with host.login() as person:
            person.until(SERVED)
            person.until("a arm")
            person.press("3")
            person.until(r"╭─ Nodes[^╭]{80,}╮")
            person.press("\x1b")
            person.until(r"╭─ Nodes.*╭─ Token pools")
            person.press("a")
            person.until(ARMING)
            person.press_until("\x1b", lambda seen: ARMING not in seen.text)
            person.press("q")
            assert person.ended() == 0


def _without_operate_keys(estate: Path) -> Path:
    """The same estate to somebody who can't read the keys."""
    ways = yaml.safe_load(estate.read_text(encoding="utf-8"))
    ways["ssh"]["operate_identity_files"] = [str(estate.with_name("nobody-gave-it-to-us"))]
    looking = estate.with_name("looking.yaml")
    looking.write_text(yaml.safe_dump(ways))
    return looking


async def test_who_may_only_look_has_no_means_to_act(server: Server, estate: Path, tmp_path: Path) -> None:
    looking = _without_operate_keys(estate)
    made, elsewhere = tmp_path / "made", ("-o", f"SetEnv=LANG=C DSLSCONSOLE_CONFIG={tmp_path}/elsewhere.yaml")
    async with server("dsls-view", looking) as host:
        with host.login(f"touch {made}; sh", options=elsewhere) as person:
            person.until(SERVED)
            assert person.written.isascii(), "the language comes through"
            assert "read-only" in person.lines[0]
            assert "a arm" not in person.text
            person.press("aFXS")
            person.press("?")
            person.until(HELP)
            assert "Arm the console" not in person.text
            assert "failover" not in person.text
            person.press("\x1b[F")  # to the end: the list is longer than the screen
            person.until("Leave the console")
            assert "Arm the console" not in person.text
            assert "failover" not in person.text
            person.press_until("\x1b", lambda seen: HELP not in seen.text)
            person.press("q")
            assert person.ended() == 0
        assert not made.exists()


@pytest.mark.parametrize("group", ["dsls-oncall", "dsls-view"])
async def test_nothing_but_the_console_is_to_be_had(server: Server, tmp_path: Path, group: str) -> None:
    made = tmp_path / "made"
    async with server(group, shipped("config") / "estate-minimal.yaml") as host:
        refused = host.without_terminal(f"touch {made}")
        assert refused.returncode == 64
        assert "The console needs a terminal" in refused.stderr
        assert not made.exists()
        files = host.without_terminal("-s", "sftp")
        assert (files.returncode, files.stdout) == (64, "")
        beyond = host.opens(host._sshd.port)
        assert beyond.returncode != 0
        assert "administratively prohibited" in beyond.stderr
        assert beyond.stdout == ""


@pytest.mark.parametrize("looks", [True, False], ids=["in both groups", "on call alone"])
def test_what_sshd_makes_of_it(need: Callable[[str], str], tmp_path: Path, looks: bool) -> None:
    own = grp.getgrgid(os.getgid()).gr_name
    text = CONFIGURATION.read_text(encoding="utf-8").replace("Match Group dsls-oncall", f"Match Group {own}")
    if looks:
        text = text.replace("Match Group dsls-view", f"Match Group {own}")
    key = tmp_path / "host_key"
    subprocess.run([need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    file = tmp_path / "sshd_config"
    file.write_text(f"HostKey {key}\n{text}")
    argv = [need("sshd"), "-T", "-f", str(file), "-C", f"user={getpass.getuser()},host=there,addr=192.0.2.1"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert f"forcecommand {PROGRAM} console{' --read-only' if looks else ''}" in told
    assert {"disableforwarding yes", "permittunnel no", "permituserrc no", "permittty yes"} <= set(told)
    accepted = {line.split()[1] for line in told if line.startswith("acceptenv ")}
    assert accepted == {"LANG", "LC_ALL", "LC_CTYPE", "COLORTERM", "NO_COLOR"}
