"""The probe itself, under a real POSIX shell, on a host whose programs misbehave."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dslsconsole.systems.node.probe import Answer, Section, script, taken_apart

DEADLINE_S = 20.0
NONCE = "0123456789abcdef"


class Host:
    """A directory of programs that come before the machine's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.program("DSLicSrv", 'echo "Server Status: Running"')
        self.program("systemctl", 'echo "Id=$#"; echo ActiveState=active')

    def program(self, name: str, body: str) -> None:
        path = self.directory / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    @asynccontextmanager
    async def probe(self, *settings: str) -> AsyncIterator["Probe"]:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            script(),
            "dslsprobe",
            f"path={self.directory / 'DSLicSrv'}",
            *settings,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PATH": f"{self.directory}:{os.environ['PATH']}"},
            limit=4_000_000,
        )
        assert process.stdin is not None
        try:
            yield Probe(process)
        finally:
            process.stdin.close()
            async with asyncio.timeout(DEADLINE_S):
                await process.wait()


class Probe:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, *words: str, nonce: str = NONCE) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join((nonce, *words)).encode() + b"\n")
        async with asyncio.timeout(DEADLINE_S):
            text = await self._process.stdout.readuntil(f"{nonce} end\n".encode())
        return taken_apart(text.removesuffix(f"{nonce} end\n".encode()), nonce)

    async def line(self, request: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(request.encode() + b"\n")
        async with asyncio.timeout(DEADLINE_S):
            return (await self._process.stdout.readline()).decode()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


async def test_each_section_carries_its_output_and_status(host: Host) -> None:
    host.program("DSLicSrv", 'echo "asked $*"; exit 3')
    async with host.probe() as probe:
        answer = await probe.ask("identity", "status", "service=dsls,dsls-sync.timer")
        again = await probe.ask("status", nonce="ff")
    assert answer.sections["status"].body.strip() == "asked -status"
    assert answer.sections["status"].status == 3
    assert answer.sections["identity"].body.startswith(f"host={os.uname().nodename}\nclock=")
    assert "ActiveState=active" in answer.sections["service=dsls,dsls-sync.timer".partition("=")[0]].body
    assert set(again.sections) == {"status"}


async def test_a_hung_command_costs_its_own_section(host: Host) -> None:
    host.program("DSLicSrv", 'case "$*" in -status) sleep 60;; *) echo "{}";; esac')
    async with host.probe() as probe:
        answer = await probe.ask("limit=1", "status", "cluster")
    assert answer.sections["status"].status == 124
    assert answer.sections["cluster"].status == 0


async def test_a_command_that_ignores_its_end_is_killed(host: Host) -> None:
    host.program("DSLicSrv", "trap '' TERM; while :; do sleep 1; done")
    async with host.probe() as probe:
        answer = await probe.ask("limit=1", "status", "identity")
    assert answer.sections["status"].status in (124, 137)
    assert answer.sections["identity"].status == 0


async def test_an_endless_output_is_cut_and_told_as_such(host: Host) -> None:
    host.program("DSLicSrv", 'case "$*" in -status) yes "Server Status: Running";; *) echo "{}";; esac')
    async with host.probe() as probe:
        answer = await probe.ask("limit=2", "status", "cluster")
    assert answer.sections["status"].status is None
    assert len(answer.sections["status"].body) <= 131_072
    assert answer.sections["cluster"].status == 0


async def test_a_command_does_not_eat_the_next_request(host: Host) -> None:
    host.program("DSLicSrv", "cat; echo done")
    async with host.probe() as probe:
        await probe.ask("status")
        assert (await probe.ask("status", nonce="ab")).sections["status"].body.strip() == "done"


async def test_text_is_asked_for_where_json_is_not_known(host: Host) -> None:
    host.program("DSLicSrv", 'case "$*" in *json*) echo usage; exit 2;; *) echo "Role: primary";; esac')
    async with host.probe() as probe:
        section = (await probe.ask("cluster")).sections["cluster"]
    assert (section.body.strip(), section.status) == ("Role: primary", 0)


async def test_a_server_that_does_not_run_is_asked_once(host: Host) -> None:
    asked = host.directory / "asked"
    host.program("DSLicSrv", f'echo "$*" >>{asked}; echo "ERROR: not running" >&2; exit 3')
    async with host.probe() as probe:
        section = (await probe.ask("tokens")).sections["tokens"]
    assert (section.status, section.body.strip()) == (3, "ERROR: not running")
    assert asked.read_text() == "-tokens -detailed -format json\n"


async def test_an_old_systemd_is_asked_without_the_option_it_does_not_know(host: Host) -> None:
    refuses = 'case "$*" in *timestamp*) echo "systemctl: unrecognized option" >&2; exit 1;; esac'
    host.program("systemctl", f"{refuses}\necho ActiveState=active; date")
    async with host.probe() as probe:
        section = (await probe.ask("service=dsls")).sections["service"]
    assert section.status == 0
    assert "UTC" in section.body


async def test_a_sites_own_wording_is_used(host: Host) -> None:
    host.program("dsls-wrapper", 'echo "wrapped $*"')
    async with host.probe("status=dsls-wrapper how is it", "tokens=dsls-wrapper tokens") as probe:
        answer = await probe.ask("status", "tokens")
    assert answer.sections["status"].body.strip() == "wrapped how is it"
    assert answer.sections["tokens"].body.strip() == "wrapped tokens"


async def test_a_path_with_blanks_arrives_whole(host: Host) -> None:
    host.program("stat", 'printf "%s\\n" "$4"')
    async with host.probe() as probe:
        answer = await probe.ask("space=/a%20b%5cc%20d")
    assert answer.sections["space=/a%20b%5cc%20d"].body.strip() == r"/a b\c d"


@pytest.mark.parametrize(
    "request_line",
    [
        "ab status; touch PWNED",
        "ab $(touch PWNED)",
        "ab `touch PWNED`",
        "ab status|sh",
        "ab 'x",
        "ab *",
        "ab ~",
        "ab\tx",
    ],
)
async def test_a_request_with_other_characters_runs_nothing(host: Host, request_line: str) -> None:
    pwned = host.directory / "PWNED"
    async with host.probe() as probe:
        assert (await probe.line(request_line.replace("PWNED", str(pwned)))).startswith("- error")
        assert (await probe.ask("identity")).sections["identity"].status == 0
    assert not pwned.exists()


@pytest.mark.parametrize(
    "word",
    ["bogus", "service=-H,x", "space=relative", "dns=a,b,c", "limit=0", "limit=999", "identity2", "dns=-f,53,x,A"],
)
async def test_a_word_it_does_not_know_is_refused_alone(host: Host, word: str) -> None:
    async with host.probe() as probe:
        answer = await probe.ask(word, "identity")
    assert answer.refused == {word}
    assert set(answer.sections) == {"identity"}


async def test_a_nonce_is_needed(host: Host) -> None:
    async with host.probe() as probe:
        assert (await probe.line("status")).startswith("- error")


async def test_the_vendor_s_tool_is_asked_for_reading_only(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.program("DSLicSrv", 'for word; do echo "<$word>"; done')
    async with host.probe() as probe:
        answer = await probe.ask("vendor=4084", "vendor=40x", "vendor=0", "vendor=")
    assert answer.sections["vendor"].body == "<-admin>\n<-run>\n<c localhost 4084 -r;gsi;getLicenseUsage -csv;quit>\n"
    assert list(answer.sections) == ["vendor"]


async def test_a_long_table_of_the_vendor_s_users_is_passed_on(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.program("DSLicSrv", "head -c 500000 /dev/zero | tr '\\0' x")
    async with host.probe() as probe:
        answer = await probe.ask("vendor=4084", "status")
    assert answer.sections["vendor"].status == 0
    assert answer.sections["status"].status is None


async def test_pacemaker_is_asked_as_its_version_allows(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.program("crm_mon", 'echo "<$*>"')
    async with host.probe() as probe:
        new = await probe.ask("resources")
        host.program(
            "crm_mon", 'case "$*" in *--output-as*) echo "unrecognized option"; exit 1;; *) echo "<$*>";; esac'
        )
        old = await probe.ask("resources")
    assert new.sections["resources"].body == "<--one-shot --inactive --output-as=xml>\n"
    assert old.sections["resources"].body == "<--one-shot --inactive --as-xml>\n"


async def test_only_the_monitoring_file_of_the_settings_is_read(tmp_path: Path) -> None:
    host = Host(tmp_path)
    (tmp_path / "my thresholds.yaml").write_text("alerts: {}\n")
    async with host.probe(f"monitoring={tmp_path / 'my thresholds.yaml'}") as probe:
        answer = await probe.ask("monitoring", "monitoring=/etc/passwd")
    assert answer.sections["monitoring"].body == "alerts: {}\n"
    assert answer.refused == {"monitoring=/etc/passwd"}
    async with host.probe() as probe:
        none = (await probe.ask("monitoring")).sections["monitoring"]
    assert (none.status, none.body) == (1, "ERROR: no monitoring=FILE in /etc/dslsconsole/probe.conf")


async def test_the_lock_of_a_running_operation_is_read_where_it_may_be(tmp_path: Path) -> None:
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / "c.lock").write_text('{"operation":"op-1"}')
    async with Host(tmp_path).probe(f"locks={locks}") as probe:
        answer = await probe.ask("lock=c", "lock=other", "lock=../locks/c")
        assert (answer.sections["lock=c"].body, answer.sections["lock=c"].status) == ('{"operation":"op-1"}', 0)
        assert (answer.sections["lock=other"].body, answer.sections["lock=other"].status) == ("", 0)
        assert answer.refused == {"lock=../locks/c"}


async def test_without_a_lock_directory_there_is_no_lock(tmp_path: Path) -> None:
    async with Host(tmp_path).probe(f"locks={tmp_path}/none") as probe:
        assert (await probe.ask("lock=c")).sections["lock=c"].status == 0


async def test_configuration_files_are_read_by_their_names_alone(tmp_path: Path) -> None:
    host = Host(tmp_path)
    (tmp_path / "haproxy.cfg").write_text("global\n")
    (tmp_path / "primary.conf").write_text("DSLS_PORT=27000\n")
    settings = (f"haproxy={tmp_path}/haproxy.cfg", f"keepalived={tmp_path}/none.conf", f"licence={tmp_path}")
    async with host.probe(*settings) as probe:
        answer = await probe.ask("config=haproxy", "config=keepalived", "config=primary", "config=/etc/passwd")
    assert answer.sections["config=haproxy"] == Section("global\n", 0)
    assert answer.sections["config=primary"] == Section("DSLS_PORT=27000\n", 0)
    assert answer.sections["config=keepalived"].status == 1
    assert "No such file or directory" in answer.sections["config=keepalived"].body
    assert answer.refused == {"config=/etc/passwd"}


async def test_the_licence_servers_files_lie_beside_its_program(tmp_path: Path) -> None:
    host = Host(tmp_path)
    for name in ("bin", "config"):
        (tmp_path / "dsls" / name).mkdir(parents=True)
    (tmp_path / "dsls" / "config" / "backup.conf").write_text("DSLS_PORT=1\n")
    async with host.probe(f"path={tmp_path}/dsls/bin/DSLicSrv") as probe:
        assert (await probe.ask("config=backup")).sections["config=backup"].body == "DSLS_PORT=1\n"


async def test_what_units_are_told_to_do_and_the_clock(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.program("systemctl", 'echo "<$*>"')
    host.program("timedatectl", 'echo "<$*>"')
    async with host.probe() as probe:
        answer = await probe.ask("units=a.service,b.timer", "time", "units=-H,x")
    asked = answer.sections["units"].body
    assert asked.startswith("<show -p Id,LoadState,")
    assert asked.endswith("RequiresMountsFor -- a.service b.timer>\n")
    assert answer.sections["time"].body == "<show -p NTP -p NTPSynchronized>\n"
    assert answer.refused == {"units=-H,x"}
