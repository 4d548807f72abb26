"""Who holds the service address now, as each load balancer's own interfaces tell."""

import asyncio
import ipaddress

from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.keepalived.read import parse_addresses

ASK_SECONDS = 5.0


def asked(ground: Ground) -> str:
    """The command that tells a host's addresses; anybody may run it."""
    return ground.plain("ip", "-o", "addr", "show", seconds=ASK_SECONDS)


async def holds(hands: Hands, ground: Ground, host: str, address: str) -> bool:
    """Whether a host carries the address on one of its interfaces.

    Raises:
        Unreached, Unfinished: the host gave no answer.
        Refused: what it answered shows no addresses.
    """
    text = succeeded(await hands.run(host, asked(ground), timeout=ASK_SECONDS + 2))
    try:
        found = parse_addresses(text)
    except Unreadable as unreadable:
        raise Refused(f"{host}: ip addr show: {unreadable}") from unreadable
    return str(ipaddress.ip_address(address)) in found


async def holders(
    hands: Hands, ground: Ground, hosts: tuple[str, ...], address: str
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Who of `hosts` holds the address, and who could not be asked, with why."""
    told = await asyncio.gather(*(_told(hands, ground, host, address) for host in hosts))
    found = tuple(host for host, one in zip(hosts, told, strict=True) if one is True)
    return found, {host: one for host, one in zip(hosts, told, strict=True) if isinstance(one, str)}


async def _told(hands: Hands, ground: Ground, host: str, address: str) -> bool | str:
    try:
        return await holds(hands, ground, host, address)
    except (Unreached, Unfinished, Refused) as failure:
        return clean(str(failure))
