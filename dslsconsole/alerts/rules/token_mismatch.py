"""A backup's token state is not the primary's, although its lag does not say so.

Two states are the same when generation and pools are. A backup that is behind for a moment is normal: it is measured
against the generation that the primary had as long ago as the lag may be.
"""

from collections import deque
from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule
from dslsconsole.alerts.view import View, peer_named
from dslsconsole.alerts.wording import lasting
from dslsconsole.model.node import Mode, Pool, TokenState
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity

_REMEMBERED = 2000


def rule() -> Rule:
    return TokenMismatch()


def same_pools(one: tuple[Pool, ...], other: tuple[Pool, ...]) -> bool | None:
    """Whether two token states give out the same: None where a number is missing on either side."""
    if {pool.name for pool in one} != {pool.name for pool in other}:
        return False
    others = {pool.name: pool for pool in other}
    answers = [_same(pool, others[pool.name]) for pool in one]
    if False in answers:
        return False
    return None if None in answers else True


def _same(one: Pool, other: Pool) -> bool | None:
    pairs = ((one.total, other.total), (one.used, other.used))
    if any(a is not None and b is not None and a != b for a, b in pairs):
        return False
    return None if any(a is None or b is None for a, b in pairs) else True


class TokenMismatch:
    """Remembers the primary's generations."""

    hold_s = 10.0
    hold_rounds = 1.0

    def __init__(self) -> None:
        self._primary: str | None = None
        self._generations: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED)

    def find(self, view: View) -> Iterator[Finding]:
        primary = view.verdict.primary
        tokens = view.fresh(view.node(primary).tokens) if primary is not None else None
        if primary is None or tokens is None or tokens.generation is None:
            return
        if primary != self._primary:
            self._primary = primary
            self._generations.clear()
        if not self._generations or self._generations[-1][1] != tokens.generation:
            self._generations.append((view.now, tokens.generation))
        for node in view.shape.nodes:
            if node.name == primary or node.mode is Mode.ARBITRATOR:
                continue
            theirs = view.fresh(view.node(node.name).tokens)
            if theirs is not None and (why := self._difference(view, node, tokens, theirs)):
                yield Finding(
                    subject=node.name,
                    severity=Severity.WARNING,
                    summary=f"the token state of {node.name} is not that of {primary}: {why}",
                    evidence=(
                        f"{primary}: generation {tokens.generation}, {_in_use(tokens)}",
                        f"{node.name}: generation {theirs.generation}, {_in_use(theirs)}",
                    ),
                    advice="Press T to sync tokens. Forcing (Y) overwrites the target: only with the primary proven.",
                )

    def _difference(self, view: View, node: NodeShape, ours: TokenState, theirs: TokenState) -> str | None:
        if theirs.generation is None or ours.generation is None:
            return None
        if theirs.generation == ours.generation:
            return "the pools differ at the same generation" if same_pools(ours.pools, theirs.pools) is False else None
        if theirs.generation > ours.generation and theirs.generation > self._generations[-1][1]:
            return "it is ahead of the primary"
        if self._lags(view, node):
            return None
        allowed = view.thresholds.sync_lag_s
        old = [generation for at, generation in self._generations if at <= view.now - allowed]
        if old and theirs.generation < old[-1]:
            return f"it has not applied what the primary had {lasting(allowed)} ago"
        return None

    def _lags(self, view: View, node: NodeShape) -> bool:
        """Whether the primary itself says that the node is too far behind, which is another alert."""
        status = view.views.get(self._primary or "")
        peer = peer_named(status, node, view.shape) if status is not None else None
        return peer is not None and peer.lag_s is not None and peer.lag_s > view.thresholds.sync_lag_s


def _in_use(state: TokenState) -> str:
    return (
        ", ".join(f"{pool.name} {'?' if pool.used is None else pool.used} in use" for pool in state.pools) or "no pools"
    )
