"""Nodes that a guard could not read: what to say of them, and what to do about each.

One that answers nobody may be vouched for. One that answers SSH and lets nobody in lives: its key is what is wrong.
"""

from collections.abc import Sequence

from dslsconsole.runbooks.evidence import lets_nobody_in
from dslsconsole.runbooks.guard import Case


def why(case: Case, node: str) -> str:
    """Why a node was not read, in words that name it."""
    failure = case.node(node).hostname.failure
    if failure is None:
        return f"{node} was not asked"
    return failure.text if failure.text.startswith(node) else f"{node} could not be read: {failure.text}"


def named(case: Case, nodes: Sequence[str]) -> str:
    """The nodes' names, and of those that live and let nobody in also why."""
    causes = [failure.text for node in nodes if (failure := lets_nobody_in(case.survey, node)) is not None]
    return f"{', '.join(nodes)}" + (f" ({'; '.join(causes)})" if causes else "")


def remedy(case: Case, nodes: Sequence[str], first: str, down: str = "If it is really down, say so:") -> str:
    """`first`, then how each of the nodes can be answered for."""
    lively = [node for node in nodes if lets_nobody_in(case.survey, node) is not None]
    silent = [node for node in nodes if node not in lively]
    parts = [first]
    if silent:
        parts.append(f"{down} {' '.join(f'--attest {node}' for node in silent)}")
    if lively:
        parts.append(let_in(lively))
    return " ".join(parts)


def let_in(nodes: Sequence[str]) -> str:
    """What to do about nodes that answer SSH and let nobody in."""
    subject, it, them = ("answers", "it is", "") if len(nodes) == 1 else ("answer", "they are", "s")
    return (
        f"{', '.join(nodes)} {subject} SSH, so {it} not down, and no word for that counts: "
        f"put the key{them} right that the reading names, or switch the host{them} off first."
    )
