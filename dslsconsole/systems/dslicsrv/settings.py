"""The licence servers' configuration files in the guide's form: `KEY=VALUE` lines that a shell could read."""

import re
from collections.abc import Mapping

from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, lines

MOST_KEYS = 1_000
_KEY = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,99})\s*=\s*(.*)")


def parse_settings(text: str) -> Mapping[str, str]:
    """Every key with its value, without quotes around it; the last one of a key counts, as in a shell.

    Raises:
        Unreadable: it holds text and no such line.
    """
    found: dict[str, str] = {}
    said = [line for line in lines(text) if not line.startswith("#")]
    for line in said:
        match = _KEY.fullmatch(line)
        if match is not None and len(found) < MOST_KEYS:
            found[match[1]] = clean(_plain(match[2]), 1_000)
    if said and not found:
        raise Unreadable(f"it has no KEY=VALUE line: {clean(text, 80)}")
    return found


def _plain(value: str) -> str:
    if value[:1] in ("'", '"') and value.rfind(value[0]) > 0:
        return value[1 : value.rfind(value[0])]
    return value.partition(" #")[0].strip()
