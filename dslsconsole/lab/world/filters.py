"""The program `iptables` of a practice host, as far as one rule that drops TCP to some ports goes."""

from __future__ import annotations

from dslsconsole.lab.host import Call, Program
from dslsconsole.lab.network import Network, Rule

VERSION = "iptables v1.8.9 (nf_tables)"
MISSING = "iptables: Bad rule (does a matching rule exist in that chain?).\n"


def iptables(network: Network) -> Program:
    """The program, whose rules the network heeds: `-I`, `-A`, `-D`, `-C`, `-S` and `-F`."""

    async def program(call: Call) -> int:
        if not call.is_root:
            text = f"{VERSION}: Could not fetch rule set generation id: Permission denied (you must be root)\n"
            await call.stderr.write(text.encode())
            return 4
        rules = network.rules.setdefault(call.host.name, [])
        try:
            verb, rule = _parsed(list(call.arguments))
        except ValueError as error:
            await call.stderr.write(f"{VERSION}: {error}\nTry `iptables -h' or 'iptables --help' for more.\n".encode())
            return 2
        if rule is None:
            if verb == "-F":
                rules.clear()
            else:
                for one in rules:
                    await call.say(" ".join(("-A", one.chain, *one.words)))
            return 0
        if verb in ("-I", "-A"):
            rules.insert(0 if verb == "-I" else len(rules), rule)
            return 0
        if rule not in rules:
            await call.stderr.write(MISSING.encode())
            return 1
        if verb == "-D":
            rules.remove(rule)
        return 0

    return program


def _parsed(words: list[str]) -> tuple[str, Rule | None]:
    """What to do, and with which rule. Raises ValueError."""
    if words[:1] == ["-w"]:
        words = words[2:] if words[1:2] and words[1].isdigit() else words[1:]
    if not words:
        raise ValueError("no command specified")
    verb, *rest = words
    if verb in ("-F", "-S"):
        return verb, None
    if verb not in ("-I", "-A", "-D", "-C"):
        raise ValueError(f'unknown option "{verb}"')
    if not rest or rest[0] not in ("INPUT", "OUTPUT"):
        raise ValueError("No chain/target/match by that name.")
    chain, *rest = rest
    if verb == "-I" and rest and rest[0].isdigit():
        rest = rest[1:]
    port = next((rest[at + 1] for at, word in enumerate(rest[:-1]) if word in ("--dport", "--dports")), "")
    if not port or rest[-2:] != ["-j", "DROP"]:
        raise ValueError("only rules that drop what goes to a port are known here")
    return verb, Rule(chain, frozenset(int(one) for one in port.split(",")), tuple(rest))
