"""What runs by itself on the primary: the token-sync loop and the timed copy to the DR site."""

from __future__ import annotations

from dataclasses import dataclass

from dslsconsole.lab.world.cluster import Servers
from dslsconsole.lab.world.licenses import read_directory
from dslsconsole.lab.world.server import LicenceServer
from dslsconsole.lab.world.site import CONFIG, DR_LICENSES, LICENSES
from dslsconsole.lab.world.systemd import Unit
from dslsconsole.lab.world.tokens import RefusedError

TOKEN_SYNC_EVERY = 5.0
DR_SYNC_EVERY = 300.0


@dataclass
class Automation:
    """The unit on one node that does one of these jobs."""

    source: LicenceServer
    unit: Unit
    every: float
    due: float = 0.0

    def is_due(self, now: float) -> bool:
        if not self.unit.is_active or not self.source.host.is_up or self.source.host.is_frozen or now < self.due:
            return False
        self.due = now + self.every
        return True


def sync_tokens(source: LicenceServer, servers: Servers) -> None:
    """The loop's round: a primary gives its tokens to its backup. It never runs from any other role."""
    if not source.is_primary or source.replication_stuck:
        return
    for target in servers:
        is_near = target.plan.is_dr == source.plan.is_dr and target.plan.holds_tokens and target is not source
        if not is_near or target.is_primary or target.replication_stuck or not servers.answers(source.name, target):
            continue
        if target.tokens.generation < source.tokens.generation:
            target.tokens, target.applied_at = source.tokens.copy(), servers.elapsed()


def copy_to_dr(source: LicenceServer, servers: Servers) -> bool:
    """The timer's round: licence files, configuration and state to every DR node; whether all of it was done.

    It refuses to copy from a source that is not primary, is not mounted or holds no licence files, and to a DR site
    that serves.
    """
    files = source.files
    is_mounted = files.mount_of(LICENSES).point == LICENSES and not source.storage_hangs
    targets = [server for server in servers if server.plan.is_dr]
    if not source.is_serving or not is_mounted or any(target.is_primary for target in targets):
        return False
    licenses, config = read_directory(files, LICENSES), read_directory(files, CONFIG)
    if not licenses:
        return False
    done = True
    for target in targets:
        if not target.host.is_up or target.host.is_frozen or not servers.network.connected(source.name, target.name):
            done = False
            continue
        try:
            _mirror(target, DR_LICENSES, licenses, keep=())
            _mirror(target, CONFIG, config, keep=("dr-site.conf",))
            target.import_(source.export(), force=False)
        except (RefusedError, OSError):
            # Its disk is full; or the DR site served since and holds a newer state, which a person has to decide about.
            done = False
    return done


def _mirror(target: LicenceServer, directory: str, contents: dict[str, bytes], keep: tuple[str, ...]) -> None:
    for name in read_directory(target.files, directory):
        if name not in contents and name not in keep:
            target.files.remove(f"{directory}/{name}")
    for name, data in contents.items():
        if name not in keep:
            target.host.write(f"{directory}/{name}", data, owner="dslsop")
