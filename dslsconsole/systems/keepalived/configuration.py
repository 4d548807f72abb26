"""keepalived.conf, as far as it decides which host holds the service address (keepalived.conf(5)).

The VRRP password never leaves this module: what is kept is a digest with a salt of this process, to compare two hosts.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from typing import Self

from msgspec import Struct

from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable

MOST_LINES = 20_000
MOST_DEPTH = 16
LONGEST_SECRET = 8
"""Characters of auth_pass that count; keepalived cuts the rest off."""
_SALT = secrets.token_bytes(16)
_WORD = re.compile(r""""([^"]*)"|'([^']*)'|([{}])|((?:[^\s{}"'#!]|(?<=\S)[#!])+)|([#!].*)""")
_SHELL = re.compile(r"[`|;&<>]|\$\(")


class Script(Struct, frozen=True):
    """One `vrrp_script`."""

    name: str
    command: str
    interval_s: float | None = 1.0
    weight: int | None = 0
    """0: while it fails the instance is in FAULT state and gives the address up. None where the value is no number."""
    fall: int | None = 1
    rise: int | None = 1

    @property
    def needs_shell(self) -> bool:
        """It holds what only a shell understands, and keepalived runs it without one."""
        words = self.command.split()
        starts_one = "-c" in words and any(word.rpartition("/")[2] in ("sh", "bash", "dash") for word in words)
        return not starts_one and _SHELL.search(self.command) is not None

    @property
    def only_looks_for_a_process(self) -> bool:
        """It tells that a process is there, not that it serves."""
        told = self.command
        return re.search(r"\bkill(all)?\s+-0\b|\bpidof\b|\bpgrep\b", told) is not None and "nc " not in told


class Instance(Struct, frozen=True):
    """One `vrrp_instance`."""

    name: str
    state: str = "BACKUP"
    interface: str = ""
    router_id: int | None = None
    priority: int | None = 100
    advert_s: float | None = 1.0
    nopreempt: bool = False
    addresses: tuple[str, ...] = ()
    """Without prefix length."""
    auth_type: str | None = None
    auth_digest: str | None = None
    auth_length: int = 0
    tracks: tuple[tuple[str, int | None], ...] = ()
    """Scripts and processes that are tracked, each with the weight that is given here, or None."""
    version: int | None = 2
    unicast: bool = False


class KeepalivedConfig(Struct, frozen=True):
    """What one host's keepalived.conf says."""

    instances: tuple[Instance, ...] = ()
    scripts: tuple[Script, ...] = ()
    processes: tuple[str, ...] = ()
    """`vrrp_track_process` blocks, by name."""
    script_security: bool = False
    script_user: str | None = None

    def holding(self, address: str) -> Instance | None:
        """The instance that moves an address."""
        return next((one for one in self.instances if address in one.addresses), None)

    def script(self, name: str) -> Script | None:
        return next((one for one in self.scripts if one.name == name), None)

    def scripts_of(self, instance: Instance) -> Iterator[tuple[Script, int | None]]:
        """The scripts that an instance tracks, with the weight that counts for it."""
        for name, weight in instance.tracks:
            script = self.script(name)
            if script is not None:
                yield script, script.weight if weight is None else weight


class Block(Struct, frozen=True):
    """A line with the block behind it, if it has one."""

    words: tuple[str, ...]
    inner: tuple[Self, ...] = ()

    def line(self, keyword: str) -> "Block | None":
        return next((one for one in reversed(self.inner) if one.words[0] == keyword), None)

    def value(self, keyword: str) -> str | None:
        """The first word behind a keyword; None where the block has no such line."""
        found = self.line(keyword)
        return None if found is None else found.words[1] if len(found.words) > 1 else ""


def parse_keepalived(text: str) -> KeepalivedConfig:
    """keepalived.conf as text.

    Raises:
        Unreadable: it is no such file, or one whose includes, definitions or conditions would have to be followed.
    """
    blocks = _blocks(text)
    if not any(block.words[0].split("_")[0] in ("vrrp", "global", "virtual", "static") for block in blocks):
        raise Unreadable(f"it has no block of keepalived's: {clean(text, 80) or 'nothing at all'}")
    defaults = next((block for block in blocks if block.words[0] == "global_defs"), Block(("global_defs",)))
    return KeepalivedConfig(
        instances=tuple(_instance(b) for b in blocks if b.words[0] == "vrrp_instance" and b.words[1:]),
        scripts=tuple(_script(b) for b in blocks if b.words[0] == "vrrp_script" and b.words[1:]),
        processes=tuple(
            clean(b.words[1], 200)
            for b in blocks
            if b.words[0] in ("vrrp_track_process", "track_process") and b.words[1:]
        ),
        script_security=defaults.line("enable_script_security") is not None,
        script_user=_cleaned(defaults.value("script_user")),
    )


def _blocks(text: str) -> tuple[Block, ...]:
    rows = text.lstrip("\ufeff").replace("\r", "").split("\n")
    if len(rows) > MOST_LINES:
        raise Unreadable(f"it has more than {MOST_LINES} lines")
    # Each level: the words before its brace, and what was read in it.
    levels: list[tuple[tuple[str, ...], list[Block]]] = [((), [])]
    for number, row in enumerate(rows, 1):
        words: list[str] = []
        for word, is_brace in _words(row, number):
            if not is_brace:
                words.append(word)
            elif word == "{":
                # The brace may stand on a line of its own: then it belongs to the line before.
                heading = tuple(words) if words else _taken_back(levels[-1][1], number)
                levels.append((heading, []))
                words = []
            else:
                _close(levels, words, number)
                words = []
            if len(levels) > MOST_DEPTH:
                raise Unreadable(f"line {number}: blocks lie too deep in each other")
        if words:
            levels[-1][1].append(Block(tuple(words)))
    if len(levels) != 1:
        raise Unreadable(f"the block {clean(' '.join(levels[-1][0]), 60)} is not closed")
    return tuple(levels[0][1])


def _taken_back(blocks: list[Block], number: int) -> tuple[str, ...]:
    if not blocks or blocks[-1].inner:
        raise Unreadable(f"line {number}: a brace belongs to nothing")
    return blocks.pop().words


def _close(levels: list[tuple[tuple[str, ...], list[Block]]], words: list[str], number: int) -> None:
    if len(levels) == 1:
        raise Unreadable(f"line {number}: a brace closes nothing")
    heading, inner = levels.pop()
    if words:
        inner.append(Block(tuple(words)))
    levels[-1][1].append(Block(heading, tuple(inner)))


def _words(row: str, number: int) -> Iterator[tuple[str, bool]]:
    stripped = row.strip()
    if stripped.startswith(("@", "$", "~", "include")):
        first = clean(stripped.split()[0], 20)
        raise Unreadable(
            f"line {number} begins with {first}: conditions, definitions and includes are not followed here"
        )
    for match in _WORD.finditer(row):
        if match[5] is not None:
            return
        if match[3] is not None:
            yield match[3], True
        else:
            yield next(group for group in (match[1], match[2], match[4]) if group is not None), False


def _cleaned(text: str | None) -> str | None:
    return None if text is None else clean(text, 200)


def _whole(text: str | None, default: int | None) -> int | None:
    if text is None:
        return default
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None


def _span(text: str | None, default: float | None) -> float | None:
    if text is None:
        return default
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) else None


def _script(block: Block) -> Script:
    command = block.line("script")
    return Script(
        name=clean(block.words[1], 200),
        command=clean(" ".join(command.words[1:]), 400) if command is not None else "",
        interval_s=_span(block.value("interval"), 1.0),
        weight=_whole(block.value("weight"), 0),
        fall=_whole(block.value("fall"), 1),
        rise=_whole(block.value("rise"), 1),
    )


def _instance(block: Block) -> Instance:
    authentication = block.line("authentication") or Block(("authentication",))
    secret = authentication.value("auth_pass")
    return Instance(
        name=clean(block.words[1], 200),
        state=clean(block.value("state") or "BACKUP", 20).upper(),
        interface=clean(block.value("interface") or "", 60),
        router_id=_whole(block.value("virtual_router_id"), None),
        priority=_whole(block.value("priority"), 100),
        advert_s=_span(block.value("advert_int"), 1.0),
        nopreempt=block.line("nopreempt") is not None,
        addresses=tuple(_addresses(block)),
        auth_type=_cleaned(authentication.value("auth_type")),
        auth_digest=None if secret is None else _digest(secret),
        auth_length=len(secret or ""),
        tracks=tuple(_tracks(block)),
        version=_whole(block.value("version"), 2),
        unicast=block.line("unicast_peer") is not None,
    )


def _digest(secret: str) -> str:
    """Of what counts of a password, so that two hosts can be compared."""
    return hashlib.blake2b(secret[:LONGEST_SECRET].encode(errors="replace"), key=_SALT, digest_size=16).hexdigest()


def _addresses(block: Block) -> Iterator[str]:
    for group in block.inner:
        if group.words[0] in ("virtual_ipaddress", "virtual_ipaddress_excluded"):
            for line in group.inner:
                yield clean(line.words[0].partition("/")[0], 60)


def _tracks(block: Block) -> Iterator[tuple[str, int | None]]:
    for group in block.inner:
        if group.words[0] in ("track_script", "track_process"):
            for line in group.inner:
                weight = line.words[line.words.index("weight") + 1] if "weight" in line.words[1:-1] else None
                yield clean(line.words[0], 200), _whole(weight, None)
