"""Bringing over the whole state of a licence server, who holds what included, to the one that takes over.

`-sync-tokens` carries counts and a generation alone: of two servers of one generation one may not know the holders.
"""

import base64
import binascii
import contextlib
import re
import zlib

from dslsconsole.model.node import TokenState
from dslsconsole.ssh.cleaning import clean
from dslsconsole.ssh.quoting import bounded
from dslsconsole.systems.acting import Action, Call, Checked, Refused, Unfinished, Unreached, Untested, both, succeeded
from dslsconsole.systems.answers import whole
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.dslicsrv.standing import SERVING, status_of
from dslsconsole.systems.dslicsrv.sync import SYNC_SECONDS, push_tokens, pushing, tokens_in_sync

EXPORT_SECONDS = 5.0
IMPORT_SECONDS = 10.0
"""How long each may take: nobody is served meanwhile, and a dead server's disk may hang."""
LONGEST_HEADER = 200
"""Bytes of a state that its first line is looked for in."""
_HEADER = re.compile(r"DSLS-STATE 1 generation=(\d+) ")
_TAKEN = "generation that the import took"
_LEFT = "generation that was read to be brought over"


def _export(call: Call) -> str:
    """The state, packed: it is opaque bytes, and what a command prints is text."""
    words = call.ground.licence_words("-export-state")
    return bounded(["sh", "-c", f"{words} | gzip -1 | base64"], EXPORT_SECONDS)


def _import(call: Call) -> str:
    return call.ground.licence_server("-import-state", seconds=IMPORT_SECONDS)


def _commands(call: Call) -> tuple[str, ...]:
    target = call["target"]
    return (_export(call), f"{_import(call)}  # on {target}, only if the state just read is newer than its own")


async def _bring_over(call: Call) -> str:
    """Give the target what the stopped server holds, where that is newer.

    What can't be read or is not taken is told, and no reason to leave users unserved.
    """
    target = call["target"]
    # Both are asked at once: nobody is served meanwhile.
    (generation, state), there = await both(_state_of(call), _tokens_of(call, target))
    held = there.generation
    if held is not None and held > generation:
        call.memory[_LEFT] = str(generation)
        return f"{call.host} stopped with generation {generation}, {target} has {held}: nothing is left behind"
    # Noted first: where no answer comes, what the target holds tells whether it was taken.
    call.memory[_LEFT] = str(generation)
    answer = await call.hands.run(target, _import(call), stdin=state, timeout=IMPORT_SECONDS + 3)
    try:
        said = succeeded(answer, "Imported:")
    except Refused as refusal:
        if held == generation:
            return f"{call.host} stopped with generation {generation}, which {target} has already ({refusal})"
        raise Untested(f"{_lost(call)}: {target} has {held} and does not take {generation} ({refusal})") from refusal
    return f"{call.host} stopped with generation {generation}, {target} had {held}\n{said}"


def _lost(call: Call) -> str:
    return f"What changed at {call.host} after it was last passed on may be lost"


async def _state_of(call: Call) -> tuple[int, bytes]:
    """The generation and the packed state of a stopped server. Raises `Untested` where it can't be had."""
    try:
        return await _exported(call)
    except (Unreached, Unfinished, Refused) as failure:
        raise Untested(f"{_lost(call)}: its state can't be read while it is stopped ({failure})") from failure


async def _exported(call: Call) -> tuple[int, bytes]:
    """The generation and the packed state of a server. Raises `Unreached`, `Unfinished` or `Refused`."""
    answer = await call.hands.run(call.host, _export(call), timeout=EXPORT_SECONDS + 3)
    text = succeeded(answer)
    try:
        state = base64.b64decode("".join(text.split()), validate=True)
        header = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(state, LONGEST_HEADER)
    except (binascii.Error, ValueError, zlib.error):
        state, header = b"", b""
    found = _HEADER.match(header.decode("ascii", "replace"))
    generation = whole(found[1]) if found else None
    if generation is None or not state:
        # Of a pipeline the last command alone has a status: what went wrong is in what was said.
        raise Refused(f"what {call.host} exported is no licence state ({clean(answer.stderr) or 'it says nothing'})")
    return generation, state


async def _tokens_of(call: Call, target: str) -> TokenState:
    try:
        return await fresh.tokens(call.hands, call.ground, target)
    except fresh.NotRead as failure:
        raise Untested(f"{_lost(call)}: {failure}") from failure


async def nothing_left_behind(call: Call) -> Checked:
    """Whether the target holds what the other server was found to hold, or more."""
    left = call.memory.get(_LEFT)
    if left is None:
        return Checked(False, "not compared yet")
    try:
        there = await fresh.tokens(call.hands, call.ground, call["target"])
    except fresh.NotRead as failure:
        return Checked(None, str(failure))
    words = f"{call['target']} has generation {there.generation}, {call.host} held {left}"
    return Checked(None if there.generation is None else there.generation >= int(left), words)


async def _hand_over(call: Call) -> str:
    """Give the target all that the serving primary holds; where it tells no state, its counts.

    Raises `Refused` where it does not serve, or where the target holds what the primary never had.
    """
    target = call["target"]
    # All are asked at once: in a failover users wait meanwhile, and nothing is given before all are known.
    try:
        (status, (generation, state)), there = await both(
            both(status_of(call, call.host), _exported_at_last(call)), _held_by(call, target)
        )
    except Refused as refusal:
        said = await push_tokens(call)
        return f"{said}\nWho holds what was not handed over: {refusal}"
    if status.role not in SERVING:
        raise Refused(f"{call.host} is {status.role or 'of unknown role'}: only a primary's state is handed over")
    held = there.generation
    if held is not None and held > generation:
        now = await _held_by(call, call.host)
        if now.generation is None or now.generation < held:
            raise Refused(
                f"{target} holds generation {held}, which {call.host} ({generation}) never had: it is of another "
                "time; force-sync overwrites it"
            )
        call.memory[_LEFT] = str(generation)
        return f"{target} has generation {held}, {call.host} had {generation} a moment ago"
    # Noted first, as above.
    call.memory[_LEFT] = str(generation)
    answer = await call.hands.run(target, _import(call), stdin=state, timeout=IMPORT_SECONDS + 3)
    try:
        said = succeeded(answer, "Imported:")
        call.memory[_TAKEN] = str(generation)
        return f"{call.host} has generation {generation}, {target} had {held}\n{said}"
    except Refused:
        if held == generation:
            return f"{target} has generation {generation} already"
        del call.memory[_LEFT]
        raise


async def _exported_at_last(call: Call) -> tuple[int, bytes]:
    """The same as `_exported`, asked again where no answer came: reading changes nothing. Raises `Refused`."""
    with contextlib.suppress(Unfinished):
        return await _exported(call)
    try:
        return await _exported(call)
    except Unfinished as failure:
        raise Refused(f"its state could not be read: {failure}") from failure


async def handed_over(call: Call) -> Checked:
    """Whether the target holds what was handed over to it, or the counts that were pushed instead.

    Users wait meanwhile: where the import itself said that it took it, it is not asked once more.
    """
    if (taken := call.memory.get(_TAKEN)) is not None:
        return Checked(True, f"{call['target']} has taken generation {taken}")
    return await (nothing_left_behind if _LEFT in call.memory else tokens_in_sync)(call)


async def _held_by(call: Call, host: str) -> TokenState:
    """Raises `Refused`."""
    try:
        return await fresh.tokens(call.hands, call.ground, host)
    except fresh.NotRead as failure:
        raise Refused(str(failure)) from failure


def _hand_over_commands(call: Call) -> tuple[str, ...]:
    import_ = f"{_import(call)}  # on {call['target']}"
    counts = f"{pushing(call)}  # only if no state is exported; standard input: the token state"
    return (_export(call), import_, counts)


HAND_OVER = Action(_hand_over_commands, _hand_over, bound=EXPORT_SECONDS + IMPORT_SECONDS + 2 * SYNC_SECONDS + 12)
BRING_OVER = Action(_commands, _bring_over, bound=EXPORT_SECONDS + IMPORT_SECONDS + 6)
