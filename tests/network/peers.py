"""What a licence server knows of the others: it asks each of them over the network once a heartbeat.

The rules (votes, holds, epochs, who steps down) are the practice estate's own; here each process knows only itself at
first hand, and of the others what they told it when they were last reached.
"""

import asyncio
import contextlib
import json
from typing import Any

from dslsconsole.lab.host import Host
from dslsconsole.lab.network import Network
from dslsconsole.lab.world.cluster import SAVE_EVERY, Servers
from dslsconsole.lab.world.server import LicenceServer
from dslsconsole.lab.world.site import NODES, POOLS, NodePlan
from dslsconsole.lab.world.tokens import TokenState, fresh
from dslsconsole.model.node import Role
from tests.network.plan import ADDRESSES, PORT

PATIENCE_S = 0.8
"""How long a peer may take to answer a heartbeat."""
_LINE_LIMIT = 16 * 1024 * 1024


class Reached(Network):
    """The network as this server sees it: who answered last."""

    def __init__(self, own: str) -> None:
        super().__init__()
        self.own = own
        self.answering: set[str] = set()

    def connected(self, one: str, other: str) -> bool:
        return all(name == self.own or name in self.answering for name in (one, other))


def make(plan: NodePlan, host: Host, elapsed: Any) -> LicenceServer:
    members = tuple(other.name for other in NODES if other.is_dr == plan.is_dr)
    return LicenceServer(plan, host, PORT, members, 1 if plan.is_dr else 2, elapsed, fresh(POOLS, 0))


async def ask(name: str, question: dict[str, Any], patience: float = PATIENCE_S) -> dict[str, Any] | None:
    """One question in JSON to a server, and its answer; None where there was none in time."""
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection(ADDRESSES[name], PORT, limit=_LINE_LIMIT)
            try:
                writer.write(json.dumps(question).encode() + b"\n")
                answer: dict[str, Any] = json.loads(await reader.readline())
                return answer
            finally:
                writer.close()
    except (OSError, ValueError):
        return None


class Peers(Servers):
    """All servers of the estate, of which one is this process. `round` asks the others and acts on what they say."""

    def __init__(self, own: LicenceServer, others: list[LicenceServer], reached: Reached, hold: float) -> None:
        super().__init__([own, *others], reached, own.elapsed, hold=hold)
        self.own = own
        self.others = others
        self.reached = reached

    def told(self) -> dict[str, Any]:
        """What this server tells whoever asks."""
        own, now = self.own, self.elapsed()
        return {
            "role": str(own.role),
            "state": own.state,
            "epoch": own.epoch,
            "lag": own.lag,
            "generation": own.tokens.generation,
            "primary_heard": {name: now - at for name, at in own.primary_heard.items()},
            "alive": sorted(own.alive),
        }

    async def listen(self) -> None:
        """Ask everybody, and take in what is answered."""
        answers = await asyncio.gather(*(ask(peer.name, {"do": "tell"}) for peer in self.others))
        now = self.elapsed()
        for peer, answer in zip(self.others, answers, strict=True):
            if answer is None:
                self.reached.answering.discard(peer.name)
                peer.is_running, peer.role = False, Role.NONE
                continue
            self.reached.answering.add(peer.name)
            peer.is_running, peer.role, peer.state = True, Role(answer["role"]), answer["state"]
            peer.epoch, peer.alive = int(answer["epoch"]), frozenset(answer["alive"])
            peer.applied_at = None if answer["lag"] is None else now - float(answer["lag"])
            peer.primary_heard = {name: now - age for name, age in answer["primary_heard"].items()}
            peer.tokens.generation = int(answer["generation"])
        self._listen(self.own, now)

    async def round(self) -> None:
        """One heartbeat."""
        await self.listen()
        await self._follow()
        now = self.elapsed()
        self._act(self.own, now)
        if now - self._saved >= SAVE_EVERY:
            self._saved = now
            self.own.save()

    async def _follow(self) -> None:
        """A backup fetches the primary's tokens where they are others than its own."""
        primary = self.primary_seen_by(self.own)
        if self.own.is_primary or primary is None or not self.own.plan.holds_tokens:
            return
        if primary.plan.is_dr != self.own.plan.is_dr:
            return
        now = self.elapsed()
        if primary.tokens.generation == self.own.tokens.generation:
            self._replica[primary.name] = (now, self.own.tokens)
        elif (answer := await ask(primary.name, {"do": "give"})) is not None:
            self._replica[primary.name] = (now, TokenState.from_document(answer["tokens"]))

    async def tell_all(self, word: str) -> None:
        """Say something to everybody who can be reached: that this server says good-bye, or that they should look."""
        names = [peer.name for peer in self.others if peer.name in self.reached.answering]
        with contextlib.suppress(OSError):
            await asyncio.gather(*(ask(name, {"do": word, "who": self.own.name}) for name in names))

    def forget(self, name: str) -> None:
        """A primary said good-bye: nobody is held back for its sake."""
        self.own.primary_heard.pop(name, None)
        self.own.heard.pop(name, None)
        self.own.alive -= {name}
        self.reached.answering.discard(name)
