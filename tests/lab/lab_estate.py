"""A practice estate whose time the tests move themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dslsconsole.lab.world.command import Answer
from dslsconsole.lab.world.pace import Pace
from dslsconsole.lab.world.world import World

PRIMARY, BACKUP, ARBITRATOR = "dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01"
DR_PRIMARY, DR_BACKUP = "dr-dsls-01", "dr-dsls-02"
START = 1_795_431_600.0
"""2026-11-23T11:00:00Z."""


@dataclass
class Estate:
    """A world, its clock, and the licence servers' command line."""

    world: World
    now: float = START

    def pass_time(self, seconds: float, step: float = 0.5) -> None:
        """Let time pass, the world acting all along."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + step)
            self.world.advance()

    def until(self, condition: Callable[[], bool], within: float = 60.0) -> None:
        """Let time pass until something holds; fails where it does not in time."""
        end = self.now + within
        while not condition():
            assert self.now < end, f"it did not come about within {within:g} s"
            self.pass_time(0.5)

    def say(self, node: str, *words: str, stdin: bytes = b"") -> Answer:
        """What `DSLicSrv WORDS` answers on a node."""
        return self.world.nodes[node].line.run(words, stdin)

    def text(self, node: str, *words: str) -> str:
        """What a command prints that must succeed."""
        answer = self.say(node, *words)
        assert answer.status == 0, answer.stderr.decode()
        return answer.stdout.decode()

    def target(self, node: str) -> str:
        """HOST:PORT of a node's licence server."""
        return f"{node}:{self.world.servers.by_name[node].port}"

    def role(self, node: str) -> str:
        return str(self.world.servers.by_name[node].role)

    def stop(self, node: str) -> None:
        """Stop a node's unit in order."""
        unit = self.world.nodes[node].unit
        unit.active = "deactivating"
        self.world.units[node].finish_stop(unit)

    def start(self, node: str) -> None:
        assert self.world.units[node].start(self.world.nodes[node].unit)


def build(directory: Path, *, seed: int = 1, takeover: float | None = None) -> Estate:
    """A practice estate whose clock the estate holds."""
    holder: list[Estate] = []

    def wall() -> float:
        return holder[0].now if holder else START

    made = Estate(World.create(directory, seed=seed, pace=Pace(wall=wall), takeover=takeover))
    holder.append(made)
    made.pass_time(2)
    return made
