"""How findings say where to write what."""

from collections.abc import Iterable

HAPROXY_CFG = "/etc/haproxy/haproxy.cfg"
KEEPALIVED_CONF = "/etc/keepalived/keepalived.conf"


def in_haproxy(host: str, text: str) -> str:
    """What to write in haproxy.cfg of a host, and how it comes into force."""
    return (
        f"On {host}, in {HAPROXY_CFG}, {text}; then: haproxy -c -f {HAPROXY_CFG} && systemctl reload haproxy"
        " (a reload forgets what was set at run time, unless it keeps its state file)."
    )


def in_keepalived(host: str, text: str) -> str:
    """What to write in keepalived.conf of a host, and how it comes into force."""
    # With a script_user, `keepalived -t` of 2.2 ends itself by a signal though all is well: its words count alone.
    return (
        f"On {host}, in {KEEPALIVED_CONF}, {text}; then see that keepalived -t names no line, and: "
        "systemctl reload keepalived."
    )


def in_estate(text: str) -> str:
    """What to write in the estate file."""
    return f"In the estate file, {text}; then: dslsconsole check."


def in_unit(host: str, unit: str, *lines: str) -> str:
    """What to add to a unit of a host: its section, and settings. Each finding has a file of its own there."""
    added = "\\n".join(lines)
    name = lines[1].partition("=")[0].lower()
    return (
        f"On {host}: mkdir -p /etc/systemd/system/{unit}.d && printf '{added}\\n' > "
        f"/etc/systemd/system/{unit}.d/audit-{name}.conf && systemctl daemon-reload."
    )


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    told = list(names)
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}" if told else ""


def full_unit(name: str) -> str:
    """A unit's name with its kind."""
    return name if name.rpartition(".")[2] in ("service", "timer", "mount", "target", "path") else f"{name}.service"
