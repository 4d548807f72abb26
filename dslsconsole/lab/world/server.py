"""One licence server: its role and epoch, its tokens, what it hears from the others, and what it grants."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dslsconsole.lab.filesystem import FileSystem
from dslsconsole.lab.host import Host
from dslsconsole.lab.world import licenses
from dslsconsole.lab.world.site import CONFIG, DR_LICENSES, LICENSES, TOKENS_OF, NodePlan
from dslsconsole.lab.world.statefile import Exported
from dslsconsole.lab.world.tokens import Checkout, RefusedError, TokenState
from dslsconsole.model.node import Mode, Role

STATE_FILE = "/opt/dsls/state/server.json"
SERVING = (Role.PRIMARY, Role.DR_PRIMARY)
MAX_CONNECTIONS = 2000


@dataclass(frozen=True, slots=True)
class Heard:
    """What one server last heard from another; `at` in lab seconds."""

    at: float
    role: Role
    state: str
    epoch: int
    lag: float | None = None

    @property
    def serves(self) -> bool:
        return self.role in SERVING and self.state in ("running", "degraded")


@dataclass
class LicenceServer:
    """A licence server, running or not. Lab seconds for durations, the host's clock for what it prints."""

    plan: NodePlan
    host: Host
    port: int
    members: tuple[str, ...]
    """The servers of its site, itself among them: those that vote."""
    needed: int
    elapsed: Callable[[], float]
    tokens: TokenState
    role: Role = Role.NONE
    configured: Role = Role.NONE
    """The role it comes back with where nobody else serves."""
    epoch: int = 1
    state: str = "stopped"
    is_running: bool = False
    is_hung: bool = False
    commands_hang: bool = False
    refuses_promotion: bool = False
    replication_stuck: bool = False
    garbage: bytes | None = None
    started_at: float = 0.0
    started_lab: float = 0.0
    applied_at: float | None = None
    """Lab seconds at which the tokens were those of the primary."""
    last_sync: float | None = None
    """When state was last imported, by the host's clock."""
    synced_files: tuple[dict[str, str], dict[str, str]] | None = None
    heard: dict[str, Heard] = field(default_factory=dict)
    alive: frozenset[str] = frozenset()
    """Peers that answered the last heartbeat."""
    primary_heard: dict[str, float] = field(default_factory=dict)
    serves_without_quorum: bool = False
    connections: int = 0
    judged: tuple[object, tuple[bool, str]] | None = None
    """What the licence files were found to be, and of which of them."""

    # What it is

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def votes(self) -> int:
        return sum(1 for name in self.members if name == self.name or name in self.alive)

    @property
    def has_quorum(self) -> bool:
        return self.votes >= self.needed

    @property
    def is_primary(self) -> bool:
        return self.is_running and self.role in SERVING

    @property
    def is_serving(self) -> bool:
        return self.is_primary and self.state == "running"

    @property
    def lag(self) -> float | None:
        """Lab seconds that its tokens are behind the primary's; None where it has no primary."""
        if self.role not in (Role.BACKUP, Role.DR_BACKUP) or self.applied_at is None:
            return None
        return max(0.0, self.elapsed() - self.applied_at)

    @property
    def split_brain(self) -> bool:
        primaries = sum(1 for name in self.alive if self.heard[name].role in SERVING) + self.is_primary
        return primaries > 1

    @property
    def status(self) -> str:
        """The word of `Server Status:`."""
        if not self.is_running:
            return "Stopped"
        if self.state == "starting":
            return "Starting"
        return "Degraded" if not self.plan.is_dr and not self.license_validity()[0] and self.is_primary else "Running"

    # Files

    @property
    def license_directory(self) -> str:
        return DR_LICENSES if self.plan.is_dr else LICENSES

    @property
    def files(self) -> FileSystem:
        return self.host.files

    @property
    def storage_hangs(self) -> bool:
        return self.files.is_hanging(self.files.mount_of(self.license_directory))

    def license_validity(self) -> tuple[bool, str]:
        """Whether its licence files are valid, and why not or until when."""
        if not self.plan.holds_tokens:
            return True, "expires never"
        today = datetime.datetime.fromtimestamp(self.host.clock(), datetime.UTC).date()
        seen = (today, licenses.fingerprint(self.files, self.license_directory))
        if self.judged is None or self.judged[0] != seen:
            found = licenses.read_directory(self.files, self.license_directory)
            texts = ((name, data.decode("utf-8", "replace")) for name, data in found.items() if name.endswith(".lic"))
            self.judged = (seen, licenses.judge(texts, today))
        return self.judged[1]

    def checksums(self) -> tuple[dict[str, str], dict[str, str]]:
        """Checksums of its licence files and of its configuration, without what belongs to one site."""
        return (
            licenses.checksums(self.files, self.license_directory),
            licenses.checksums(self.files, CONFIG, exclude=("dr-site.conf",)),
        )

    def save(self) -> None:
        """Write what a restart needs to the host's disk; a full disk keeps what was there."""
        document = {
            "role": str(self.configured),
            "epoch": self.epoch,
            "tokens": self.tokens.as_document(),
            "last_sync": self.last_sync,
            "synced_files": self.synced_files,
        }
        if self.files.root_volume.is_full:
            return
        self.host.write(STATE_FILE, json.dumps(document), owner="root", mode=0o600)

    def restore(self) -> None:
        """Read what `save` wrote, where there is anything."""
        if not self.files.exists(STATE_FILE):
            return
        document = json.loads(self.host.read(STATE_FILE))
        self.configured, self.epoch = Role(document["role"]), int(document["epoch"])
        self.tokens = TokenState.from_document(document["tokens"])
        self.last_sync, synced = document["last_sync"], document["synced_files"]
        self.synced_files = (synced[0], synced[1]) if synced else None

    # Starting and stopping

    def start(self) -> None:
        """The process starts; it takes its role once it has listened to the others."""
        if self.is_running:
            return
        self.restore()
        self.is_running, self.is_hung, self.state, self.role = True, False, "starting", Role.NONE
        self.started_at, self.started_lab = self.host.clock(), self.elapsed()
        self.applied_at, self.serves_without_quorum = None, False
        self.heard.clear()
        self.alive = frozenset()

    def settle(self) -> None:
        """Take a role at the end of the start. Whoever finds a newer primary, or knows of one, joins as backup."""
        self.state = "running"
        if self.plan.mode is Mode.ARBITRATOR:
            self.role = Role.ARBITRATOR
            return
        newest = max((self.heard[name].epoch for name in self.alive), default=0)
        if self.configured in SERVING and not self.knows_another_primary() and newest <= self.epoch:
            self.role = self.configured
            self.tokens.count_again()
            return
        self.become_backup()

    def knows_another_primary(self) -> bool:
        return any(self.heard[name].role in SERVING for name in self.alive)

    def become_backup(self) -> None:
        self.role = self.configured = Role.DR_BACKUP if self.plan.is_dr else Role.BACKUP
        self.state, self.serves_without_quorum = "running", False
        self.save()

    def stop(self) -> None:
        """A clean stop: the state is saved and the others are told, so that their hold ends at once."""
        if self.is_running:
            self.save()
        self.is_running, self.is_hung, self.state, self.role = False, False, "stopped", Role.NONE
        self.connections = 0

    def die(self) -> None:
        """The process is gone without a word; what it had not saved is lost."""
        self.is_running, self.is_hung, self.state, self.role = False, False, "stopped", Role.NONE
        self.connections = 0

    # Granting

    def _may_grant(self) -> None:
        if not self.is_primary:
            raise RefusedError("not primary")
        if self.state == "no-quorum":
            raise RefusedError("no quorum: no licenses are granted")
        valid, reason = self.license_validity()
        if not valid:
            raise RefusedError(f"license INVALID ({reason})")

    def checkout(self, user: str, host: str, feature: str) -> int:
        """Grant a user a licence; its number. Raises `RefusedError`."""
        self._may_grant()
        now = self.host.clock()
        return self.tokens.take(Checkout(user, host, feature, TOKENS_OF[feature], now, now))

    def test_checkout(self, feature: str, count: int) -> None:
        """Check out and in again at once. Raises `RefusedError`."""
        self._may_grant()
        now = self.host.clock()
        self.tokens.give_back(self.tokens.take(Checkout("dslstest", self.name, feature.lower(), count, now, now)))

    # State in and out

    def export(self) -> Exported:
        """The whole state, from memory or, where it does not run, from disk."""
        if not self.is_running:
            self.restore()
        license_sums, config_sums = self.checksums()
        return Exported(self.epoch, self.tokens.as_document(), license_sums, config_sums, self.host.clock())

    def import_(self, state: Exported, *, force: bool) -> None:
        """Take a whole state over. Raises `RefusedError` where it is older than what is here, or this server serves."""
        if not self.is_running:
            self.restore()
        if self.is_primary and not force:
            raise RefusedError(f"{self.name} serves as {self.role}")
        mine, theirs = (self.epoch, self.tokens.generation), (state.epoch, state.generation)
        if theirs < mine and not force:
            raise RefusedError(
                f"state is older: generation {state.generation} of epoch {state.epoch}, "
                f"here {mine[1]} of epoch {mine[0]}"
            )
        self.tokens = TokenState.from_document(state.tokens)
        self.epoch = max(self.epoch, state.epoch)
        self.last_sync, self.synced_files = self.host.clock(), (state.licenses, state.config)
        self.save()


def primaries(servers: Iterable[LicenceServer]) -> list[LicenceServer]:
    """The servers that hold themselves for primary."""
    return [server for server in servers if server.is_primary]
