"""Token pools and who holds from them, as far as counts tell."""

from __future__ import annotations

from dslsconsole.lab.likeness.ground import Ground
from dslsconsole.lab.world import site
from dslsconsole.lab.world.server import SERVING, LicenceServer
from dslsconsole.lab.world.tokens import Checkout, Feature, Pool, TokenState
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.node import Pool as ReadPool
from dslsconsole.model.node import TokenState as ReadTokens

DAY = 86400
MOST_PEOPLE = 20_000
"""Of more than so many, the last one holds all the rest."""
EACH = 5
"""Tokens that one person holds, of a feature of which nothing else is known."""


def put(ground: Ground) -> None:
    """The state of each server that holds tokens; one that did not tell has that of the one that served."""
    users = ground.world.users
    users.time_of_day = ground.read_at % DAY
    users.connections.clear()
    told = {node.server.name: (node.server, readings) for node, readings in ground.nodes()}
    counts = {name: readings.tokens.value for name, (_, readings) in told.items()}
    newest = max((one for one in counts.values() if one is not None), key=_generation, default=None)
    if newest is None:
        ground.unlike.append("no token pool was read; those here are the practice estate's own")
        return
    users.is_still = {pool.name: {one.name for one in pool.features} for pool in newest.pools} != {
        name: set(features) for name, features in site.POOLS.items()
    }
    for server, readings in told.values():
        if server.plan.holds_tokens:
            server.tokens = _state(counts[server.name] or newest, ground)
            _behind(ground, server, readings)


def _generation(tokens: ReadTokens) -> int:
    return tokens.generation or 0


def _behind(ground: Ground, server: LicenceServer, readings: NodeReadings) -> None:
    """How far a server is behind, or the copy of a DR server."""
    server.applied_at = ground.world.pace.elapsed()
    copy = readings.dr_sync.value
    if not server.plan.is_dr or copy is None:
        return
    if server.role not in SERVING and copy.generation is not None:
        server.tokens.generation = copy.generation
    never = copy.result.upper() == "NEVER" or copy.last_sync is None
    server.last_sync = None if never or copy.last_sync is None else ground.practice_time(copy.last_sync)
    server.synced_files = None if never or copy.result.upper() == "MISMATCH" else server.checksums()


def _state(read: ReadTokens, ground: Ground) -> TokenState:
    pools = {pool.name: _pool(pool) for pool in read.pools}
    state = TokenState(_generation(read), pools)
    now, number = ground.world.pace.wall(), 1
    for pool in pools.values():
        for feature in pool.features.values():
            left = feature.used
            while left > 0:
                taken = min(left, site.TOKENS_OF.get(feature.name, EACH)) if number < MOST_PEOPLE else left
                user = Checkout(f"user{number:04d}", f"ws-{number:04d}", feature.name, taken, now, now)
                state.checkouts[number] = user
                left, number = left - taken, number + 1
    state.next_checkout = number
    return state


def _pool(read: ReadPool) -> Pool:
    """The pool with its features; one without any has itself for its only one."""
    features = {
        one.name: Feature(one.name, one.total or one.used or 0, one.used or 0, one.queued or 0) for one in read.features
    } or {read.name: Feature(read.name, read.total or read.used or 0, read.used or 0, read.queued or 0)}
    return Pool(read.name, features, read.peak or 0)
