"""The name server and the tools that speak to it."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from dslsconsole.lab.host import Completed
from dslsconsole.lab.world.build import DNS_SECRET
from dslsconsole.lab.world.site import DNS_HOST, DNS_KEY_FILE, VIP
from tests.lab.lab_estate import DR_PRIMARY, Estate

NEW = "10.30.0.100"


@pytest.fixture
async def named(estate: Estate) -> AsyncIterator[Estate]:
    """A practice estate whose name server listens."""
    await estate.world.names.open()
    yield estate
    await estate.world.names.close()


def change(port: int, *, old: str = VIP, zone: str = "company.com", send: bool = True) -> str:
    return (
        f"server 127.0.0.1 {port}\nzone {zone}\nprereq yxrrset dsls.company.com A {old}\n"
        f"update delete dsls.company.com A\nupdate add dsls.company.com 60 A {NEW}\n" + ("send\n" if send else "")
    )


async def nsupdate(estate: Estate, text: str, key: str = DNS_KEY_FILE) -> Completed:
    return await estate.world.hosts[DR_PRIMARY].capture(f"nsupdate -k {key} -v -t 1", stdin=text.encode())


def record(estate: Estate) -> list[str]:
    return estate.world.names.addresses("dsls.company.com")


async def test_dig_shows_the_record_with_authority(named: Estate) -> None:
    done = await named.world.hosts[DR_PRIMARY].capture(
        f"dig +norecurse +time=2 +tries=1 -p {named.world.names.port} @127.0.0.1 dsls.company.com A"
    )
    said = done.stdout.decode()
    assert done.status == 0
    assert "status: NOERROR" in said
    assert "flags: qr aa;" in said
    assert f"dsls.company.com.\t60\tIN\tA\t{VIP}" in said


async def test_dig_of_a_name_that_is_not_there_ends_with_0(named: Estate) -> None:
    done = await named.world.hosts[DR_PRIMARY].capture(
        f"dig -p {named.world.names.port} @127.0.0.1 nothing.company.com A"
    )
    assert (done.status, b"status: NXDOMAIN" in done.stdout) == (0, True)


async def test_a_signed_update_is_compare_and_set(named: Estate) -> None:
    port = named.world.names.port
    assert await nsupdate(named, change(port)) == Completed(0, b"", b"")
    assert record(named) == [NEW]
    assert await nsupdate(named, change(port)) == Completed(2, b"", b"update failed: NXRRSET\n")
    assert await nsupdate(named, change(port, zone="other.com")) == Completed(2, b"", b"update failed: NOTAUTH\n")


async def test_without_send_nothing_is_said_and_nothing_changes(named: Estate) -> None:
    assert await nsupdate(named, change(named.world.names.port, send=False)) == Completed(0, b"", b"")
    assert record(named) == [VIP]


async def test_a_wrong_or_missing_key_is_refused(named: Estate) -> None:
    port = named.world.names.port
    named.world.hosts[DR_PRIMARY].write("/tmp/wrong.key", 'key "dsls-update" { secret "d3Jvbmc="; };')
    assert await nsupdate(named, change(port), "/tmp/wrong.key") == Completed(
        2, b"", b"; TSIG error with server: tsig indicates error\nupdate failed: NOTAUTH(BADSIG)\n"
    )
    assert await nsupdate(named, change(port), "nosuchkey") == Completed(
        2,
        b"",
        b"could not read key from nosuchkey.{private,key}: file not found\nupdate failed: REFUSED\n",
    )
    assert record(named) == [VIP]


@pytest.mark.parametrize(
    "line", ["update add dsls.company.com A", "update add dsls.company.com 60 A 10.1.1.1000", "nonsense"]
)
async def test_a_syntax_error_discards_the_whole_update(named: Estate, line: str) -> None:
    port = named.world.names.port
    done = await nsupdate(named, change(port, send=False) + line + "\nsend\n")
    assert done.status == 1
    assert done.stderr.endswith(b"syntax error\n")
    assert record(named) == [VIP]


async def test_a_name_server_that_refuses_is_dead_or_out_of_reach(named: Estate) -> None:
    port = named.world.names.port
    named.world.names.refuses_updates = True
    assert await nsupdate(named, change(port)) == Completed(2, b"", b"update failed: REFUSED\n")
    wanted = Completed(2, b"", f"; Communication with 127.0.0.1#{port} failed: timed out\n".encode())
    named.world.names.is_dead = True
    assert await nsupdate(named, change(port)) == wanted
    named.world.names.is_dead = False
    named.world.network.cut(DR_PRIMARY, DNS_HOST)
    assert await nsupdate(named, change(port)) == wanted
    assert (await nsupdate(named, change(1))).stderr == b"; Communication with 127.0.0.1#1 failed: connection refused\n"


@pytest.mark.real
async def test_the_real_nsupdate_and_dig_are_served_too(
    named: Estate, tmp_path: Path, need: Callable[[str], str]
) -> None:
    program = need("nsupdate")
    key = tmp_path / "update.key"
    key.write_text(f'key "dsls-update" {{ algorithm hmac-sha256; secret "{DNS_SECRET}"; }};\n')
    port = named.world.names.port
    text = change(port).encode()
    done = await asyncio.to_thread(
        subprocess.run, [program, "-k", str(key), "-v", "-t", "5"], input=text, capture_output=True, timeout=20
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert record(named) == [NEW]
    again = await asyncio.to_thread(
        subprocess.run, [program, "-k", str(key), "-v", "-t", "5"], input=text, capture_output=True, timeout=20
    )
    assert (again.returncode, again.stderr) == (2, b"update failed: NXRRSET\n")
    wrong = tmp_path / "wrong.key"
    wrong.write_text('key "dsls-update" { algorithm hmac-sha256; secret "d3Jvbmc="; };\n')
    refused = await asyncio.to_thread(
        subprocess.run, [program, "-k", str(wrong), "-v", "-t", "5"], input=text, capture_output=True, timeout=20
    )
    assert refused.returncode == 2
    dig = shutil.which("dig")
    if dig is not None:
        found = await asyncio.to_thread(
            subprocess.run,
            [dig, "+norecurse", "+short", "-p", str(port), "@127.0.0.1", "dsls.company.com", "A"],
            capture_output=True,
            timeout=20,
        )
        assert found.stdout == f"{NEW}\n".encode()
