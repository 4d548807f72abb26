"""Moving token state from a primary to another node, and telling whether it arrived."""

import msgspec

from dslsconsole.model.node import TokenState
from dslsconsole.systems.acting import Action, Call, Checked, Refused, both, succeeded
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.dslicsrv.read import Unreadable, parse_tokens
from dslsconsole.systems.dslicsrv.standing import SERVING, status_of

SYNC_SECONDS = 20.0


def same(one: TokenState, other: TokenState) -> bool:
    """Whether two token states are the same: generation and pools, in any order. Unknown is never the same."""
    if one.generation is None or one.generation != other.generation or not one.pools:
        return False
    figures = [{(pool.name, pool.total, pool.used) for pool in state.pools} for state in (one, other)]
    return figures[0] == figures[1]


async def _sync(call: Call, verb: str, expect: str) -> str:
    source, target = call.host, call["target"]
    # Both are asked at once: in a failover users wait meanwhile, and nothing is pushed before both are known.
    status, answer = await both(
        status_of(call, source), call.hands.run(source, _read_tokens(call), timeout=SYNC_SECONDS + 3)
    )
    if status.role not in SERVING:
        raise Refused(f"{source} is {status.role or 'of unknown role'}: only a primary's tokens are ever pushed")
    succeeded(answer)
    payload = answer.stdout.encode()
    state = _parsed(payload)
    if state.generation is None or not state.pools:
        raise Refused(f"{source}: the token state names no generation or no pool; it is not pushed")
    call.memory[f"generation pushed to {target}"] = str(state.generation)
    stdin = payload if verb == "-sync-tokens" else None
    answer = await call.hands.run(source, _push(call, verb), stdin=stdin, timeout=SYNC_SECONDS + 3)
    try:
        return succeeded(answer, expect)
    except Refused:
        # What the target holds was not pushed to it, however new it is.
        del call.memory[f"generation pushed to {target}"]
        raise


def _parsed(payload: bytes) -> TokenState:
    try:
        msgspec.json.decode(payload)
        return parse_tokens(payload.decode())
    except (msgspec.DecodeError, Unreadable, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"the token state is not sound JSON ({error}); it is not pushed") from error


def _read_tokens(call: Call) -> str:
    return call.ground.licence_server("-tokens", "-format", "json", seconds=SYNC_SECONDS)


def _push(call: Call, verb: str) -> str:
    target = call.ground.licence_port(call["target"])
    return call.ground.licence_server(verb, "-target", target, seconds=SYNC_SECONDS)


async def push_tokens(call: Call) -> str:
    """Give the `target` the serving primary's counts. Raises `Refused`, `Unfinished`, `Unreached`."""
    return await _sync(call, "-sync-tokens", "Sync: OK")


def pushing(call: Call) -> str:
    """The command that does so."""
    return _push(call, "-sync-tokens")


async def tokens_in_sync(call: Call) -> Checked:
    """Whether the `target` holds the token state of this host, or a newer one than was pushed to it.

    The source moves on between two reads, so after a push the generation that was pushed decides. Generations of two
    histories can't be compared: a target that is ahead of what the source has by then holds what the source never had.
    """
    target = call["target"]
    try:
        pushed = call.memory.get(f"generation pushed to {target}")
        source: TokenState | None = None
        if pushed:
            there = await fresh.tokens(call.hands, call.ground, target)
        else:
            source, there = await both(
                fresh.tokens(call.hands, call.ground, call.host), fresh.tokens(call.hands, call.ground, target)
            )
    except fresh.NotRead as failure:
        return Checked(None, str(failure))
    wanted = int(pushed) if pushed else source.generation if source else None
    if wanted is None or there.generation is None:
        return Checked(None, f"{target}: generation {there.generation}, {call.host}: generation {wanted}")
    words = f"{target} has generation {there.generation}, {call.host} {'pushed' if pushed else 'has'} {wanted}"
    if source is not None and there.generation == wanted:
        return Checked(same(source, there), words)
    if source is not None and there.generation > wanted:
        return await _caught_up(call, there.generation, words)
    return Checked(there.generation >= wanted, words)


async def _caught_up(call: Call, generation: int, words: str) -> Checked:
    """Whether the source has, by now, a generation that was read at the target."""
    try:
        now = await fresh.tokens(call.hands, call.ground, call.host)
    except fresh.NotRead as failure:
        return Checked(None, str(failure))
    if now.generation is None or now.generation >= generation:
        return Checked(None if now.generation is None else True, words)
    return Checked(False, f"{words}: it holds what {call.host} never had, so it is of another time")


async def tokens_pushed(call: Call) -> Checked:
    """The same, after a push only: an overwrite is done whatever the target held before."""
    if f"generation pushed to {call['target']}" not in call.memory:
        return Checked(False, "not pushed yet")
    return await tokens_in_sync(call)


def sync_action(verb: str, expect: str) -> Action:
    async def do(call: Call) -> str:
        return await _sync(call, verb, expect)

    def commands(call: Call) -> tuple[str, ...]:
        read, push = _read_tokens(call), _push(call, verb)
        return (read, f"{push}  # standard input: the token state just read" if verb == "-sync-tokens" else push)

    return Action(commands, do)
