"""The licence servers together: heartbeats, quorum, replication, promotion and demotion over the lab's network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dslsconsole.lab.network import Network
from dslsconsole.lab.world.server import SERVING, Heard, LicenceServer
from dslsconsole.lab.world.tokens import RefusedError, TokenState
from dslsconsole.model.node import Mode, Role

HEARTBEAT = 1.0
HOLD = 3 * HEARTBEAT
"""How long voters refuse a promotion after the last word of a primary that did not say good-bye; lab seconds."""
SETTLING = 1.5
SAVE_EVERY = 5.0


class Servers:
    """All licence servers of the estate. `beat` is one round of heartbeats."""

    def __init__(
        self,
        servers: Iterable[LicenceServer],
        network: Network,
        elapsed: Callable[[], float],
        *,
        takeover: float | None = None,
        hold: float = HOLD,
    ) -> None:
        """Args: takeover: lab seconds without a primary after which a backup promotes itself; None for never.
        hold: lab seconds that voters refuse a promotion after the last word of a primary that said no good-bye."""
        self.by_name = {server.name: server for server in servers}
        self.network = network
        self.elapsed = elapsed
        self.takeover = takeover
        self.hold = hold
        self._replica: dict[str, tuple[float, TokenState]] = {}
        self._saved = 0.0

    def __iter__(self) -> Iterator[LicenceServer]:
        return iter(self.by_name.values())

    def answers(self, asking: str, server: LicenceServer) -> bool:
        """Whether a server's daemon answers a host."""
        return (
            server.is_running
            and not server.is_hung
            and server.host.is_up
            and self.network.passes(asking, server.name, server.port)
        )

    # Heartbeats

    def beat(self) -> None:
        """One round: everybody hears who can be heard, then acts on it, in the order of the estate."""
        now = self.elapsed()
        working = [
            s for s in self.by_name.values() if s.is_running and not s.is_hung and s.host.is_up and not s.host.is_frozen
        ]
        for server in working:
            self._listen(server, now)
        for server in working:
            self._act(server, now)
        for server in working:
            if server.is_primary:
                self._replica[server.name] = (now, server.tokens.copy())
        if now - self._saved >= SAVE_EVERY:
            self._saved = now
            for server in working:
                server.save()

    def _listen(self, server: LicenceServer, now: float) -> None:
        alive = set()
        for peer in self.by_name.values():
            if peer is server or not self.answers(server.name, peer):
                continue
            server.heard[peer.name] = Heard(now, peer.role, peer.state, peer.epoch, peer.lag)
            alive.add(peer.name)
            if peer.role in SERVING and peer.state == "running":
                server.primary_heard[peer.name] = now
        server.alive = frozenset(alive)

    def _act(self, server: LicenceServer, now: float) -> None:
        if server.state == "starting":
            if now - server.started_lab >= SETTLING:
                server.settle()
            return
        if server.role is Role.ARBITRATOR:
            server.epoch = max(
                [server.epoch, *(server.heard[n].epoch for n in server.alive if server.heard[n].role in SERVING)]
            )
        elif server.is_primary:
            self._act_as_primary(server)
        else:
            self._act_as_backup(server, now)

    def _act_as_primary(self, server: LicenceServer) -> None:
        for name in server.alive:
            heard = server.heard[name]
            is_newer = (heard.epoch, name) > (server.epoch, server.name) and heard.role in SERVING
            is_arbiter = heard.role is Role.ARBITRATOR and heard.epoch > server.epoch
            if is_newer or is_arbiter:
                server.become_backup()
                return
        if server.has_quorum:
            server.serves_without_quorum = False
        server.state = "running" if server.has_quorum or server.serves_without_quorum else "no-quorum"

    def _act_as_backup(self, server: LicenceServer, now: float) -> None:
        primary = self.primary_seen_by(server)
        if primary is None:
            last = max(server.primary_heard.values(), default=server.started_lab)
            may = server.plan.mode in (Mode.PRIMARY, Mode.BACKUP) and server.has_quorum
            if self.takeover is not None and may and now - max(last, server.started_lab) >= self.takeover:
                self._install(server)
            return
        if primary.plan.is_dr != server.plan.is_dr:
            return
        server.epoch = max(server.epoch, primary.epoch)
        if server.replication_stuck or primary.replication_stuck or primary.name not in self._replica:
            server.applied_at = server.applied_at if server.applied_at is not None else now
            return
        at, tokens = self._replica[primary.name]
        server.tokens, server.applied_at = tokens.copy(), at

    def primary_seen_by(self, server: LicenceServer) -> LicenceServer | None:
        """The primary with the highest epoch that a server hears."""
        seen = [self.by_name[name] for name in server.alive if server.heard[name].role in SERVING]
        return max(seen, key=lambda primary: primary.epoch, default=None)

    # Changing roles

    def say_goodbye(self, server: LicenceServer) -> None:
        """A primary that stops in order tells its voters, who then hold nobody back."""
        for peer in self.by_name.values():
            if self.answers(server.name, peer):
                peer.primary_heard.pop(server.name, None)
                peer.heard.pop(server.name, None)
                peer.alive -= {server.name}

    def _target(self, asking: LicenceServer, name: str) -> LicenceServer:
        target = self.by_name.get(name)
        if target is None:
            raise RefusedError(f"unknown node {name}")
        if target is not asking and not self.answers(asking.name, target):
            raise RefusedError(f"{name} cannot be reached", status=3)
        return target

    def promote(self, asking: LicenceServer, name: str, *, force: bool) -> int:
        """Make a server primary with a new epoch, which is returned. Raises `RefusedError`."""
        target = self._target(asking, name)
        if target.plan.mode is Mode.ARBITRATOR:
            raise RefusedError(f"{name} is an arbitrator and cannot be primary")
        if target.refuses_promotion:
            raise RefusedError(f"promotion of {name} refused: internal error 0x2f")
        self._listen(target, self.elapsed())
        if target.is_primary and target.state == "running":
            return target.epoch
        if target.state == "starting":
            raise RefusedError(f"{name} is still starting")
        if not force:
            self._vote(target)
        return self._install(target, serves_without_quorum=force and not target.has_quorum)

    def _vote(self, target: LicenceServer) -> None:
        serving = self.primary_seen_by(target)
        if serving is not None:
            raise RefusedError(f"{serving.name} serves as {serving.role} (epoch {serving.epoch})")
        if not target.has_quorum:
            raise RefusedError(f"no quorum ({target.votes}/{len(target.members)} votes, {target.needed} needed)")
        voters = [target, *(self.by_name[name] for name in target.members if name in target.alive)]
        now = self.elapsed()
        for voter in voters:
            for primary, at in voter.primary_heard.items():
                if primary != target.name and now - at < self.hold:
                    raise RefusedError(
                        f"voter {voter.name} heard primary {primary} {now - at:.1f}s ago and holds its vote"
                    )

    def _install(self, target: LicenceServer, *, serves_without_quorum: bool = False) -> int:
        known = [target.epoch, *(target.heard[name].epoch for name in target.alive)]
        target.epoch = max(known) + 1
        target.role = target.configured = Role.DR_PRIMARY if target.plan.is_dr else Role.PRIMARY
        target.state, target.serves_without_quorum = "running", serves_without_quorum
        target.tokens.count_again()
        target.applied_at = None
        target.save()
        self._replica[target.name] = (self.elapsed(), target.tokens.copy())
        for peer in self.by_name.values():
            if self.answers(target.name, peer):
                self._listen(peer, self.elapsed())
        return target.epoch

    def demote(self, asking: LicenceServer, name: str, *, force: bool) -> None:
        """Make a primary a backup. Raises `RefusedError` where it is the only one serving, unless forced."""
        target = self._target(asking, name)
        if target.plan.mode is Mode.ARBITRATOR:
            raise RefusedError(f"{name} is an arbitrator")
        if not target.is_primary:
            return
        if self.primary_seen_by(target) is None and not force:
            raise RefusedError(f"{name} is the only one serving")
        target.become_backup()
        self.say_goodbye(target)
