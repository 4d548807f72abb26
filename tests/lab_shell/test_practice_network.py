"""The virtual network between practice hosts."""

import asyncio

import pytest

from dslsconsole.lab.host import Host
from dslsconsole.lab.network import CONSOLE, Connection, Network


async def echo(connection: Connection) -> None:
    await connection.writer.write(connection.peer.encode() + b" said " + await connection.reader.readline())


async def test_connects_by_name_or_address_to_who_listens(network: Network, host: Host, other: Host) -> None:
    network.listen(other.name, 27000, echo)
    for name in ("dr-dsls-01", "10.30.0.11", "dr-dsls-01.company.com"):
        connection = await network.connect(host.name, name, 27000)
        await connection.writer.write(b"hello\n")
        assert await connection.reader.read() == b"dsls-primary-01 said hello\n"
    await network.close()


async def test_refuses_where_nobody_listens_and_knows_no_foreign_names(network: Network, host: Host) -> None:
    with pytest.raises(ConnectionRefusedError):
        await network.connect(CONSOLE, host.name, 1)
    with pytest.raises(OSError, match="Name or service not known"):
        await network.connect(CONSOLE, "nowhere.example", 1)


async def test_an_address_moves_between_hosts(network: Network, host: Host, other: Host) -> None:
    network.assign("10.20.0.100", host.name)
    network.assign("10.20.0.100", other.name)
    assert network.host_of("10.20.0.100") == other.name
    network.release("10.20.0.100")
    assert network.host_of("10.20.0.100") is None


async def test_a_cut_may_be_one_way(network: Network, host: Host, other: Host) -> None:
    network.cut(host.name, other.name, one_way=True)
    assert not network.reachable(host.name, other.name)
    assert network.reachable(other.name, host.name)
    assert not network.connected(host.name, other.name)
    network.mend(other.name, host.name)
    assert network.connected(host.name, other.name)


async def test_a_connection_waits_until_packets_arrive(network: Network, host: Host, other: Host) -> None:
    network.listen(other.name, 27000, echo)
    network.isolate(other.name)
    connecting = asyncio.create_task(network.connect(host.name, other.name, 27000))
    await asyncio.sleep(0)
    assert not connecting.done()
    network.rejoin(other.name)
    async with asyncio.timeout(30):
        assert (await connecting).peer == other.name
    await network.close()


@pytest.mark.parametrize("trouble", ["off", "frozen"])
async def test_a_dead_or_hung_host_is_reached_by_nobody(
    network: Network, host: Host, other: Host, trouble: str
) -> None:
    if trouble == "off":
        await other.power_off()
    else:
        other.freeze()
    assert not network.reachable(host.name, other.name)
    if trouble == "off":
        await other.power_on()
    else:
        other.thaw()
    assert network.reachable(host.name, other.name)


async def test_state_goes_from_one_host_to_another_through_ssh_and_leaves_nothing_behind(
    host: Host, linked: Host
) -> None:
    script = (
        "set -eu; umask 077; f=$(mktemp); trap 'rm -f \"$f\"' EXIT; printf 'DSLS-STATE 1 generation=7\\n' >\"$f\"; "
        '[ -s "$f" ]; head -n 1 "$f" | grep -q "^DSLS-STATE 1 "; stat -c %a "$f"; '
        'ssh -i /etc/dslsconsole/replication_key -o BatchMode=yes dslsop@10.30.0.11 "cat >/tmp/state" <"$f"'
    )
    done = await host.capture(script, "dslsop")
    assert (done.status, done.stdout, done.stderr) == (0, b"600\n", b"")
    assert linked.read("/tmp/state") == b"DSLS-STATE 1 generation=7\n"
    assert host.files.names("/tmp") == []
