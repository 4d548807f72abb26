"""What the zone's own server answers, from `dig +norecurse`."""

import ipaddress
import re

from dslsconsole.model.node import DnsAnswer
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, lines, whole

_STATUS = re.compile(r"status:\s*([A-Z0-9]{1,20})")
_FLAGS = re.compile(r"flags:\s*([a-z ]*);")
MOST_ADDRESSES = 64


def parse_dig(text: str) -> DnsAnswer:
    """Status, flags and addresses of dig's long form.

    Raises:
        Unreadable: it holds no header, so no server answered.
    """
    status = _STATUS.search(text)
    if status is None:
        raise Unreadable(f"no answer from the name server: {clean(text, 120) or 'nothing at all'}")
    flags = _FLAGS.search(text)
    addresses: list[str] = []
    ttls: list[int] = []
    is_answer = False
    for line in lines(text):
        if line.startswith(";"):
            is_answer = "ANSWER SECTION" in line
            continue
        fields = line.split()
        if is_answer and len(fields) >= 5 and fields[3] in ("A", "AAAA") and len(addresses) < MOST_ADDRESSES:
            address, ttl = _address(fields[4]), whole(fields[1])
            if address is not None:
                addresses.append(address)
                ttls.extend([] if ttl is None else [ttl])
    return DnsAnswer(
        addresses=tuple(addresses),
        ttl=min(ttls, default=None),
        authoritative=flags is not None and "aa" in flags[1].split(),
        status=status[1],
    )


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
