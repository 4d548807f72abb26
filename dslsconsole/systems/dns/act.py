"""Changing the record clients use: compare-and-set by a signed update, read back on the zone's own server.

nsupdate without `send` does nothing and ends with 0, so the whole text is built here; `-v -t 5` bounds it (RFC 2136
prerequisites: the old address must still be there).
"""

import ipaddress

from dslsconsole.settings.schema import Dns
from dslsconsole.systems.acting import Action, Call, Check, Checked, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dns.read import parse_dig

UPDATE_SECONDS = 15.0
_MEANINGS = (
    # First, because nsupdate then goes on without a key.
    ("could not read key", "the key in dns.key_file can't be read there"),
    ("NXRRSET", "{record} is not {old} any more, somebody else changed it: look at it, nothing was changed"),
    ("BADSIG", "{server} does not accept the signature: dns.key_file there is not the server's key"),
    ("BADKEY", "{server} does not know the key of dns.key_file"),
    ("BADTIME", "{server} finds the signature's time wrong: compare the clocks"),
    ("NOTAUTH", "{server} does not serve the zone {zone}, or not as its primary"),
    ("NOTZONE", "{record} does not lie in the zone {zone}"),
    ("REFUSED", "{server} does not let this key change {record}: look at the zone's update-policy"),
    ("Communication with", "{server} can't be reached, or does not answer"),
)
"""What nsupdate's words mean, the first that fits (RFC 2136 section 2.2, RFC 8945 section 5)."""


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
    try:
        return succeeded(answer)
    except Refused as refusal:
        dns = _dns(call)
        means = next((meaning for word, meaning in _MEANINGS if word in answer.said), "the record was not changed")
        where = means.format(server=f"{dns.server} port {dns.port}", zone=dns.zone, record=dns.record, old=call["old"])
        raise Refused(f"{call.host}: {where} ({refusal})") from refusal


def dig_command(call: Call) -> str:
    """The question to the zone's own server, without recursion."""
    dns = _dns(call)
    kind = "AAAA" if ":" in dns.main_address else "A"
    words = ("+norecurse", "+time=2", "+tries=1", "-p", str(dns.port), f"@{dns.server}", dns.record, kind)
    return call.ground.plain("dig", *words, seconds=6)


async def record_is(call: Call) -> Checked:
    """Whether the zone's server itself answers with exactly the address `address`, authoritatively."""
    try:
        answer = await call.hands.run(call.host, dig_command(call), timeout=8)
    except (Unreached, Unfinished, Refused) as failure:
        return Checked(None, f"{call.host} could not ask the name server: {failure}")
    server = _dns(call).server
    try:
        said = parse_dig(answer.stdout)
    except Unreadable:
        return Checked(None, f"{server} gives no answer (dig ended with {answer.status})")
    if answer.status != 0 or said.status != "NOERROR" or not said.authoritative:
        return Checked(
            None, f"{server} gives no authoritative answer ({said.status or f'dig ended with {answer.status}'})"
        )
    wanted = str(ipaddress.ip_address(call["address"]))
    return Checked(said.addresses == (wanted,), f"{server} answers {', '.join(said.addresses) or 'no address'}")


ACTIONS = {"dns-update": Action(_commands, _update)}
CHECKS: dict[str, Check] = {"record-is": record_is}
