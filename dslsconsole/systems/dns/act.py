"""Changing the record clients use: compare-and-set by a signed update, read back on the zone's own server.

nsupdate without `send` does nothing and ends with 0, so the whole text is built here; `-v -t 5` bounds it (RFC 2136
prerequisites: the old address must still be there).
"""

import re

from dslsconsole.settings.schema import Dns
from dslsconsole.systems.acting import Action, Call, Check, Checked, Refused, Unfinished, Unreached, succeeded

UPDATE_SECONDS = 15.0


def _dns(call: Call) -> Dns:
    dr = call.ground.cluster.dr
    if dr is None or dr.dns is None:
        raise Refused("the estate file names no DNS record for this cluster")
    return dr.dns


def update_text(dns: Dns, old: str, new: str) -> str:
    """What is fed to nsupdate: the whole change as one atomic message."""
    kind = "AAAA" if ":" in new else "A"
    return "\n".join(
        [
            f"server {dns.server} {dns.port}",
            f"zone {dns.zone}",
            f"prereq yxrrset {dns.record} {kind} {old}",
            f"update delete {dns.record} {kind}",
            f"update add {dns.record} {dns.ttl} {kind} {new}",
            "send",
            "",
        ]
    )


def _command(call: Call) -> str:
    dns = _dns(call)
    key = ("-k", dns.key_file) if dns.key_file else ()
    return call.ground.plain("nsupdate", *key, "-v", "-t", "5", seconds=UPDATE_SECONDS)


def _commands(call: Call) -> tuple[str, ...]:
    text = update_text(_dns(call), call["old"], call["new"]).strip().replace("\n", "; ")
    return (f"{_command(call)}  # standard input: {text}",)


async def _update(call: Call) -> str:
    text = update_text(_dns(call), call["old"], call["new"])
    answer = await call.hands.run(call.host, _command(call), stdin=text.encode(), timeout=UPDATE_SECONDS + 3)
    return succeeded(answer)


def dig_command(call: Call) -> str:
    """The question to the zone's own server, without recursion."""
    dns = _dns(call)
    kind = "AAAA" if ":" in dns.main_address else "A"
    words = ("+norecurse", "+time=2", "+tries=1", "-p", str(dns.port), f"@{dns.server}", dns.record, kind)
    return call.ground.plain("dig", *words, seconds=6)


def addresses_in(text: str) -> tuple[str, bool, tuple[str, ...]]:
    """dig's status, whether the answer is authoritative, and the addresses of its answer section."""
    status = re.search(r"status: ([A-Z]+)", text)
    flags = re.search(r"flags: ([a-z ]*);", text)
    found = re.findall(r"^[^;\s]\S*\s+\d+\s+IN\s+(?:A|AAAA)\s+(\S+)", text, re.MULTILINE)
    return (status[1] if status else "", bool(flags and "aa" in flags[1].split()), tuple(found))


async def record_is(call: Call) -> Checked:
    """Whether the zone's server itself answers with exactly the address `address`, authoritatively."""
    try:
        answer = await call.hands.run(call.host, dig_command(call), timeout=8)
    except (Unreached, Unfinished, Refused) as failure:
        return Checked(None, f"{call.host} could not ask the name server: {failure}")
    status, authoritative, addresses = addresses_in(answer.stdout)
    server = _dns(call).server
    if answer.status != 0 or status != "NOERROR" or not authoritative:
        return Checked(None, f"{server} gives no authoritative answer ({status or f'dig ended with {answer.status}'})")
    return Checked(addresses == (call["address"],), f"{server} answers {', '.join(addresses) or 'no address'}")


ACTIONS = {"dns-update": Action(_commands, _update)}
CHECKS: dict[str, Check] = {"record-is": record_is}
