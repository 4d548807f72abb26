"""The command line `DSLicSrv`: what each flag answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dslsconsole.lab.world import report, statefile
from dslsconsole.lab.world.cluster import Servers
from dslsconsole.lab.world.server import LicenceServer
from dslsconsole.lab.world.tokens import RefusedError
from dslsconsole.model.node import Mode

FLAGS = {"-force", "-detailed"}
VALUES = {"-format", "-server", "-target", "-node", "-idle-threshold"}
STDIN_VERBS = frozenset({"-sync-tokens", "-import-state"})
TOUCHES_LICENSES = frozenset({"-validate", "-export-state", "-verify-dr-sync"})
CONFIGURATIONS = {
    "-configure-academic-ha": (
        "academic-ha",
        ("--primary-pool", "--backup-pool", "--sync-interval", "--failover-priority"),
    ),
    "-academic-calendar-sync": (
        "academic-calendar",
        ("--semester-start", "--semester-end", "--enrollment-sync", "--course-schedule-sync"),
    ),
    "-configure-load-balancing": (
        "load-balancing",
        ("--algorithm", "--weights", "--health_check_interval", "--failover_threshold"),
    ),
    "-configure-academic-balancing": ("academic-balancing", ("--course_hours", "--research_hours", "--off_hours")),
}
NOT_RUNNING = RefusedError("local server does not run", status=3)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the command prints and its exit status."""

    status: int
    stdout: bytes = b""
    stderr: bytes = b""


class UsageError(Exception):
    """Wrong usage, in a sentence."""


@dataclass
class Words:
    """The command line, taken apart."""

    verb: str
    operands: list[str]
    options: dict[str, str]
    flags: set[str]

    @property
    def as_json(self) -> bool:
        wanted = self.options.get("-format", "text")
        if wanted not in ("json", "text"):
            raise UsageError(f"unknown format {wanted}")
        return wanted == "json"

    def operand(self, number: int, what: str) -> str:
        if len(self.operands) <= number:
            raise UsageError(f"{self.verb}: {what} is missing")
        return self.operands[number]

    def option(self, name: str) -> str:
        if name not in self.options:
            raise UsageError(f"{self.verb}: {name} is missing")
        return self.options[name]


def words(arguments: tuple[str, ...]) -> Words:
    """Take a command line apart. Raises `UsageError`."""
    if not arguments:
        raise UsageError("a command is missing")
    parsed = Words(arguments[0], [], {}, set())
    rest: Iterator[str] = iter(arguments[1:])
    for word in rest:
        if word in FLAGS:
            parsed.flags.add(word)
        elif word in VALUES or word.startswith("--"):
            value = next(rest, None)
            if value is None:
                raise UsageError(f"{word}: value is missing")
            parsed.options[word] = value
        elif word.startswith("-"):
            raise UsageError(f"unknown option {word}")
        else:
            parsed.operands.append(word)
    return parsed


class CommandLine:
    """`DSLicSrv` on one node."""

    def __init__(
        self, server: LicenceServer, servers: Servers, find: Callable[[str, int | None], LicenceServer | None]
    ) -> None:
        """Args: find: the server that a host name or address and a port lead to."""
        self.server = server
        self.servers = servers
        self.find = find

    def run(self, arguments: tuple[str, ...], stdin: bytes = b"") -> Answer:
        """What a command line answers; it never raises."""
        try:
            given = words(arguments)
            verb = self.verbs().get(given.verb)
            if verb is None:
                raise UsageError(f"unknown command {given.verb}")
            return verb(given, stdin)
        except UsageError as wrong:
            return Answer(2, stderr=f"ERROR: {wrong}\n".encode())
        except RefusedError as refusal:
            stdout = b"Server Status: Stopped\n" if refusal is NOT_RUNNING and arguments[:1] == ("-status",) else b""
            return Answer(refusal.status, stdout, f"ERROR: {refusal.text}\n".encode())

    def verbs(self) -> dict[str, Callable[[Words, bytes], Answer]]:
        known: dict[str, Callable[[Words, bytes], Answer]] = {
            "-status": self.status,
            "-cluster-status": self.cluster_status,
            "-tokens": self.tokens,
            "-sessions": self.sessions,
            "-verify-dr-sync": self.verify_dr_sync,
            "-validate": self.validate,
            "-sync-tokens": self.sync_tokens,
            "-force-sync": self.force_sync,
            "-promote-to-primary": self.promote,
            "-demote-to-backup": self.demote,
            "-export-state": self.export_state,
            "-import-state": self.import_state,
            "-test-checkout": self.check_out_and_in,
        }
        return known | dict.fromkeys(CONFIGURATIONS, self.configure)

    # Which server is meant

    def _at(self, where: str) -> LicenceServer:
        host, _, port = where.rpartition(":") if ":" in where else (where, "", "")
        if port and not port.isdigit():
            raise UsageError(f"{where} is no HOST:PORT")
        server = self.find(host, int(port) if port else None)
        if server is None or not self.servers.answers(self.server.name, server):
            raise RefusedError(f"{where} cannot be reached", status=3)
        return server

    def _asked(self, given: Words) -> LicenceServer:
        if "-server" in given.options:
            return self._at(given.options["-server"])
        return self._local()

    def _local(self) -> LicenceServer:
        if not self.server.is_running:
            raise NOT_RUNNING
        return self.server

    # Reading

    def status(self, given: Words, _: bytes) -> Answer:
        server = self._asked(given)
        good = server.status in ("Running", "Degraded")
        return Answer(0 if good else 1, report.status(server).encode())

    def cluster_status(self, given: Words, _: bytes) -> Answer:
        server = self._asked(given)
        document = report.cluster_document(server, self.servers)
        return Answer(0, report.as_json(document) if given.as_json else report.cluster_text(document).encode())

    def tokens(self, given: Words, _: bytes) -> Answer:
        server = self._asked(given)
        if not server.plan.holds_tokens:
            raise RefusedError("arbitrator holds no tokens")
        document = report.token_document(server)
        if given.as_json:
            return Answer(0, report.as_json(document))
        return Answer(0, report.token_text(document, detailed="-detailed" in given.flags).encode())

    def sessions(self, given: Words, _: bytes) -> Answer:
        server = self._asked(given)
        if not server.plan.holds_tokens:
            raise RefusedError("arbitrator holds no tokens")
        threshold = given.options.get("-idle-threshold", "0")
        if not threshold.isdigit():
            raise UsageError(f"-idle-threshold: {threshold} is no number of seconds")
        found = report.session_documents(server, int(threshold))
        return Answer(0, report.as_json(found) if given.as_json else report.session_text(found).encode())

    def verify_dr_sync(self, given: Words, _: bytes) -> Answer:
        if not self.server.plan.is_dr:
            raise RefusedError(f"{self.server.name} is not a DR node")
        document = report.dr_document(self.server)
        text = report.as_json(document) if given.as_json else report.dr_text(document).encode()
        return Answer(0 if document["result"] == "OK" else 1, text)

    def validate(self, given: Words, _: bytes) -> Answer:
        valid, reason = self.server.license_validity()
        if given.operands:
            valid, reason = report.judge_file(self.server, given.operands[0])
        return Answer(0 if valid else 1, f"License: {'valid' if valid else 'INVALID'} ({reason})\n".encode())

    # Acting

    def sync_tokens(self, given: Words, stdin: bytes) -> Answer:
        target = self._at(given.option("-target"))
        if not target.plan.holds_tokens:
            raise RefusedError("arbitrator holds no tokens")
        try:
            document = json.loads(stdin)
            generation = int(document["generation"])
        except (ValueError, KeyError, TypeError):
            raise RefusedError("standard input is no token state") from None
        if generation < target.tokens.generation:
            raise RefusedError(f"state is older: generation {generation}, {target.name} has {target.tokens.generation}")
        target.tokens.apply(document)
        if not target.is_primary:
            target.applied_at = self.servers.elapsed()
        return Answer(0, f"Sync: OK generation={target.tokens.generation}\n".encode())

    def force_sync(self, given: Words, _: bytes) -> Answer:
        source, target = self._local(), self._at(given.option("-target"))
        if not target.plan.holds_tokens or not source.plan.holds_tokens:
            raise RefusedError("arbitrator holds no tokens")
        target.tokens = source.tokens.copy()
        if not target.is_primary:
            target.applied_at = self.servers.elapsed()
        return Answer(0, f"Sync: FORCED generation={target.tokens.generation}\n".encode())

    def promote(self, given: Words, _: bytes) -> Answer:
        name = given.option("-node")
        epoch = self.servers.promote(self._local(), name, force="-force" in given.flags)
        return Answer(0, f"Promoted: {name} epoch={epoch}\n".encode())

    def demote(self, given: Words, _: bytes) -> Answer:
        name = given.option("-node")
        self.servers.demote(self._local(), name, force="-force" in given.flags)
        return Answer(0, f"Demoted: {name}\n".encode())

    def export_state(self, _given: Words, _: bytes) -> Answer:
        if not self.server.plan.holds_tokens:
            raise RefusedError("arbitrator holds no tokens")
        return Answer(0, statefile.encode(self.server.export()))

    def import_state(self, given: Words, stdin: bytes) -> Answer:
        if not self.server.plan.holds_tokens:
            raise RefusedError("arbitrator holds no tokens")
        state = statefile.decode(stdin)
        self.server.import_(state, force="-force" in given.flags)
        return Answer(0, f"Imported: generation={state.generation}\n".encode())

    def check_out_and_in(self, given: Words, _stdin: bytes) -> Answer:
        feature, count = given.operand(0, "FEATURE"), given.operand(1, "COUNT")
        if not count.isdigit() or int(count) < 1:
            raise UsageError(f"-test-checkout: {count} is no count")
        self._asked(given).test_checkout(feature, int(count))
        return Answer(0, f"Checkout: OK {feature} {count}\n".encode())

    def configure(self, given: Words, _: bytes) -> Answer:
        name, needed = CONFIGURATIONS[given.verb]
        values = {option: given.option(option) for option in needed}
        if self._local().plan.mode is Mode.ARBITRATOR:
            raise RefusedError("arbitrator holds no tokens")
        lines = "".join(f"{option.lstrip('-')}={value}\n" for option, value in values.items())
        self.server.host.write(f"/opt/dsls/state/{name}.conf", lines)
        return Answer(0, f"Configured: {name}\n".encode())
