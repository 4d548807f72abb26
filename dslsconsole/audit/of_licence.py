"""What the rules on the licence servers' own files share: numbers of seconds, and how to say where they stand."""

from collections.abc import Iterable

from dslsconsole.audit.facts import HostFacts, Settings


def seconds(settings: Settings, key: str) -> float | None:
    """A number of seconds; None where the key is not there or holds no such number."""
    text = settings.get(key, "")
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def in_own_file(host: HostFacts, text: str) -> str:
    """What to write in the file of the node's mode."""
    return _in_file(host, f"{host.address.mode}.conf", text)


def in_failover_file(host: HostFacts, text: str) -> str:
    """What to write in failover.conf."""
    return _in_file(host, "failover.conf", text)


def _in_file(host: HostFacts, name: str, text: str) -> str:
    return f"On {host.name}, in {host.licence_directory}/{name}, {text}; it counts from the server's next start."


def merged(hosts: Iterable[HostFacts]) -> dict[str, tuple[str, float]]:
    """Every number of seconds in the servers' files, with the host it was read on; the first one counts."""
    found: dict[str, tuple[str, float]] = {}
    for host in hosts:
        for settings in (host.licence.value or {}, host.failover.value or {}):
            for key in settings:
                if (value := seconds(settings, key)) is not None:
                    found.setdefault(key, (host.name, value))
    return found
