"""What no single value of an estate file can say: names that name nothing, two primaries, an address twice.

Here stands what holds for the estate as a whole; `cluster_consistency` has what holds within one cluster.
"""

from collections.abc import Iterator

from dslsconsole.settings.cluster_consistency import (
    Contradiction,
    both_balancers,
    comparable,
    contradictions_in,
    host_key,
    one_secret,
    sound_url,
)
from dslsconsole.settings.findings import Key, quoted
from dslsconsole.settings.hosts import HostAddress, cluster_hosts
from dslsconsole.settings.locations import expand, runbook_files
from dslsconsole.settings.schema import Estate
from dslsconsole.settings.values import duration_text
from dslsconsole.settings.wording import nearest

RUNBOOKS = (
    "failover", "failback", "token-sync", "force-sync", "dr-sync", "dr-activate", "dr-return", "lb-drain", "lb-ready",
    "lb-maint", "vip-move", "service-start", "service-stop", "service-restart", "quarantine", "quarantine-end",
    "checkout-test", "ha-drill", "academic-ha", "academic-calendar", "load-balancing", "academic-balancing",
)  # fmt: skip
COMMANDS = (
    "status", "cluster-status", "tokens", "sessions", "verify-dr-sync", "validate", "sync-tokens", "force-sync",
    "promote-to-primary", "demote-to-backup", "export-state", "import-state", "test-checkout",
    "configure-academic-ha", "academic-calendar-sync", "configure-load-balancing", "configure-academic-balancing",
)  # fmt: skip
"""The licence server's commands that `dslicsrv.commands` can reword, by their option's name."""


def contradictions(estate: Estate) -> Iterator[Contradiction]:
    """Everything that contradicts itself in an estate whose single values are all sound."""
    for check in (_poll, _users, _commands, _local_paths, _anchor, _operators, _notifications):
        yield from check(estate)
    for name in estate.clusters:
        yield from contradictions_in(estate, name)
    yield from _one_licence_server_in_two_clusters(estate)


def _poll(estate: Estate) -> Iterator[Contradiction]:
    poll = estate.poll
    for name, value in (("interval", poll.interval), ("timeout", poll.timeout)):
        if poll.stale_after < value:
            yield (
                ("poll", "stale_after"),
                f"{duration_text(poll.stale_after)} is shorter than {name} ({duration_text(value)}), so every reading "
                f"would be stale; write at least {duration_text(value)}, better three times that",
            )
            return


def _users(estate: Estate) -> Iterator[Contradiction]:
    """One user for both is sound where different keys keep them apart; with the same keys, reading could act."""
    ssh = estate.ssh
    same_keys = set(ssh.identity_files) == set(ssh.operate_identity_files)
    if ssh.operate_user is not None and ssh.operate_user == ssh.probe_user and same_keys:
        yield (
            ("ssh", "operate_user"),
            f"{ssh.operate_user} is the probe_user too, with the same keys, so what only reads could act; name another "
            "user, or other keys in operate_identity_files",
        )


def _commands(estate: Estate) -> Iterator[Contradiction]:
    for name, command in estate.dslicsrv.commands.items():
        key = ("dslicsrv", "commands", name)
        if name not in COMMANDS:
            yield key, f"is no command of the licence server; {nearest(name, list(COMMANDS))}"
        elif not command.strip():
            yield key, "is empty; write the command, or leave the key out"


def _local_paths(estate: Estate) -> Iterator[Contradiction]:
    ssh = estate.ssh
    paths: list[tuple[Key, str | None]] = [
        (("ssh", "config_file"), ssh.config_file),
        (("ssh", "known_hosts_file"), ssh.known_hosts_file),
        (("journal", "directory"), estate.journal.directory),
        (("recordings", "directory"), estate.recordings.directory),
        (("runbooks", "directory"), estate.runbooks.directory),
    ]
    for name, files in (
        ("identity_files", ssh.identity_files),
        ("operate_identity_files", ssh.operate_identity_files),
    ):
        paths += [(("ssh", name, number), file) for number, file in enumerate(files)]
    paths += _secret_files(estate)
    for key, path in paths:
        try:
            expand(path or "")
        except ValueError as error:
            yield key, str(error)


def _secret_files(estate: Estate) -> Iterator[tuple[Key, str | None]]:
    for name, cluster in estate.clusters.items():
        for key, balancers in both_balancers(("clusters", name), cluster):
            for host, settings in balancers.hosts.items():
                yield (*key, "hosts", host, "password_file"), settings.password_file
        if cluster.dr is not None and cluster.dr.notify is not None:
            yield ("clusters", name, "dr", "notify", "token_file"), cluster.dr.notify.token_file
    for number, notification in enumerate(estate.notifications):
        yield ("notifications", number, "token_file"), notification.token_file


def _anchor(estate: Estate) -> Iterator[Contradiction]:
    anchor = estate.journal.anchor
    nodes = [host.name for name in estate.clusters for host in cluster_hosts(estate, name).all_nodes]
    if anchor.host is not None and anchor.host not in nodes:
        yield ("journal", "anchor", "host"), f"{quoted(anchor.host)} is no node; {nearest(anchor.host, nodes)}"
    if anchor.host is not None and estate.ssh.operate_user is None:
        yield ("journal", "anchor", "host"), "is written to as the operate user; give ssh.operate_user"
    host, separator, port = anchor.syslog.rpartition(":")
    if anchor.syslog and not anchor.syslog.startswith("/") and not (host and separator and port.isdigit()):
        yield ("journal", "anchor", "syslog"), 'is a socket\'s path such as /dev/log, HOST:PORT, or "" for none'


def _operators(estate: Estate) -> Iterator[Contradiction]:
    own = set() if all(name in RUNBOOKS for name in estate.operators.two_person) else _own_runbooks(estate)
    for number, name in enumerate(estate.operators.two_person):
        if name not in RUNBOOKS and name not in own:
            yield (
                ("operators", "two_person", number),
                f"{quoted(name)} is no runbook; {nearest(name, [*RUNBOOKS, *sorted(own)])}",
            )
    for field in ("viewers", "operators"):
        for number, name in enumerate(getattr(estate.operators, field)):
            if name in ("", "@") or name != name.strip():
                yield ("operators", field, number), "names nobody; write a user, @group for a Unix group, or *"


def _own_runbooks(estate: Estate) -> set[str]:
    """The names of the site's own runbooks; none where their directory can't be read."""
    try:
        return set(runbook_files(estate.runbooks.directory))
    except (ValueError, OSError):
        return set()


def _notifications(estate: Estate) -> Iterator[Contradiction]:
    for number, one in enumerate(estate.notifications):
        key: Key = ("notifications", number)
        yield from sound_url((*key, "webhook"), one.webhook)
        yield from one_secret(key, "token", one.token_env, one.token_file)


def _one_licence_server_in_two_clusters(estate: Estate) -> Iterator[Contradiction]:
    """Clusters may share load balancers and hosts, but not one server."""
    owners: dict[tuple[str, int, int | None], HostAddress] = {}
    for name in estate.clusters:
        for host in cluster_hosts(estate, name).all_nodes:
            place = (comparable(host.address), host.ssh_port or 22, host.licence_port)
            owner = owners.setdefault(place, host)
            if owner.cluster != host.cluster:
                yield (
                    host_key(("clusters", name), host),
                    f"is the licence server {owner.name} of {owner.cluster} too; one server is in one cluster",
                )
