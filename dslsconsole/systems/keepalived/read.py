"""Who holds the address that keepalived moves: the host's own interfaces tell, without asking keepalived.

Its state files are written by signals and hold the VRRP password; the interfaces can be read by anybody.
"""

import ipaddress
import itertools

from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, lines

MOST_ADDRESSES = 1_000


def parse_addresses(text: str) -> tuple[str, ...]:
    """Every address of `ip -o addr show`, without prefix length, in its order.

    Raises:
        Unreadable: it shows no address at all, not even the loopback one.
    """
    found: dict[str, None] = {}
    for line in lines(text):
        words = line.split()
        for family, address in itertools.pairwise(words):
            if family in ("inet", "inet6") and len(found) < MOST_ADDRESSES:
                if (told := _address(address)) is not None:
                    found[told] = None
                break
    if not found:
        raise Unreadable(f"it shows no address: {clean(text, 80) or 'nothing at all'}")
    return tuple(found)


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_interface(text).ip)
    except ValueError:
        return None
