"""The program `rsync`: FROM a directory of this host TO one of this or another practice host."""

import asyncio
import posixpath
import stat as status_bits
from dataclasses import dataclass, field, replace

from dslsconsole.lab.filesystem import Status
from dslsconsole.lab.host import Call
from dslsconsole.lab.userland import remote
from dslsconsole.lab.userland.rsync.options import Settings, UsageError, parsed
from dslsconsole.lab.userland.rsync.trees import Listing, Side, is_changed, itemized, listed

_PARTIAL = (
    "rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1394) [sender=3.5.0]"
)
_STOPPED = "rsync error: the --max-delete limit stopped deletions (code 25) at main.c(1394) [sender=3.5.0]"


@dataclass(slots=True)
class Tally:
    """What a run did."""

    created: list[Status] = field(default_factory=list)
    deleted: list[Status] = field(default_factory=list)
    sent: list[Status] = field(default_factory=list)
    skipped_deletions: int = 0
    failed: bool = False
    complaints: list[str] = field(default_factory=list)


async def rsync(call: Call) -> int:
    """Make a directory like another; exit statuses 0, 1, 23, 25, 127 and 255 as the real one's."""
    try:
        settings = parsed(list(call.arguments))
    except UsageError as error:
        lines = f"{error}\nrsync error: syntax or usage error (code 1) at main.c(1886) [client=3.5.0]\n"
        await call.stderr.write(lines.encode())
        return 1
    try:
        target = await _target(call, settings)
    except remote.RemoteError as error:
        prefix = "" if "Permission denied" in str(error) else "ssh: "
        lines = f"{prefix}{error}\nrsync: connection unexpectedly closed (0 bytes received so far) [sender]\n"
        lines += "rsync error: unexplained error (code 255) at io.c(285) [sender=3.5.0]\n"
        await call.stderr.write(lines.encode())
        return 255
    source = Side(call.host, call.account, call.path(settings.source))
    await call.host.files.reach(source.root)
    await target.host.files.reach(target.root)
    return await _Run(call, settings, source, target).run()


async def _target(call: Call, settings: Settings) -> Side:
    if settings.remote is None:
        return Side(call.host, call.account, call.path(settings.destination))
    place, path = settings.remote
    destination, _ = remote.parsed([*settings.shell[1:], place], call.account.name)
    machine, account = await remote.login(call, destination)
    return Side(machine, account, posixpath.normpath(posixpath.join(account.home, path)))


class _Run:
    def __init__(self, call: Call, settings: Settings, source: Side, target: Side) -> None:
        self._call = call
        self._settings = settings
        self._source = source
        self._target = target
        self._tally = Tally()
        self._lines: list[str] = []
        self._before: dict[str, Status | None] = {}

    async def run(self) -> int:
        settings, source = self._settings, self._source
        if settings.verbose:
            self._lines.append("sending incremental file list")
        if (status := source.status("")) is None or (status.is_directory and "r" not in settings.letters):
            return await self._without_source(status)
        if not settings.source.endswith("/"):
            self._target = replace(self._target, root=f"{self._target.root}/{posixpath.basename(source.root)}")
        new = listed(source, settings)
        for path in new.unreadable:
            self._fail(f'rsync: [sender] opendir "{path}" failed: Permission denied (13)')
        self._before = {name: self._target.status(name) for name in new.entries}
        doomed = self._doomed(new) if settings.delete else []
        if settings.delete and settings.delete_after:
            await self._send(new)
            self._delete(doomed, new)
        else:
            self._delete(doomed, new)
            await self._send(new)
        self._settle_directories(new)
        return await self._report(new)

    async def _without_source(self, status: Status | None) -> int:
        if status is not None:
            await self._call.say(f"skipping directory {posixpath.basename(self._source.root)}")
            return 0
        kind = "change_dir" if self._settings.source.endswith("/") else "link_stat"
        text = f'rsync: [sender] {kind} "{self._source.root}" failed: No such file or directory (2)'
        await self._call.stderr.write(f"{text}\n{_PARTIAL}\n".encode())
        return 23

    def _fail(self, text: str) -> None:
        self._tally.failed = True
        self._tally.complaints.append(text)

    # Deleting

    def _doomed(self, new: Listing) -> list[tuple[str, Status]]:
        old = listed(self._target, self._settings)
        return [(name, status) for name, status in old.entries.items() if name and name not in new.entries]

    def _delete(self, doomed: list[tuple[str, Status]], new: Listing) -> None:
        settings = self._settings
        if new.unreadable and settings.delete_after and not settings.ignore_errors:
            self._tally.complaints.append("IO error encountered -- skipping file deletion")
            return
        hidden = tuple(posixpath.relpath(path, self._source.root) + "/" for path in new.unreadable)
        for name, status in _in_order_of_deletion(doomed):
            if name.startswith(hidden):
                continue
            if settings.max_delete is not None and 0 <= settings.max_delete <= len(self._tally.deleted):
                self._tally.skipped_deletions += 1
                continue
            self._delete_one(name, status)

    def _delete_one(self, name: str, status: Status) -> None:
        path = self._target.path(name)
        try:
            if not self._settings.dry_run:
                self._keep_backup(name, status)
                remove = self._target.files.remove_directory if status.is_directory else self._target.files.remove
                if self._target.files.exists(path) or status.is_link:
                    remove(path, self._target.account)
        except OSError as error:
            if status.is_directory and error.errno == 39:
                self._lines.append(f"cannot delete non-empty directory: {name}")
                return
            self._fail(f"rsync: [generator] delete_file: unlink({name}) failed: {error.strerror} ({error.errno})")
            return
        self._tally.deleted.append(status)
        shown = name + ("/" if status.is_directory else "")
        if self._settings.itemize:
            self._lines.append(f"*deleting   {shown}")
        elif self._settings.verbose:
            self._lines.append(f"deleting {shown}")

    def _keep_backup(self, name: str, status: Status) -> None:
        if self._settings.backup_dir is None or not status.is_file:
            return
        target = self._target
        kept = posixpath.normpath(posixpath.join(target.root, self._settings.backup_dir, name))
        target.files.make_directory(posixpath.dirname(kept), target.account, parents=True)
        target.files.write(kept, target.files.read(target.path(name)), target.account)

    # Sending

    async def _send(self, new: Listing) -> None:
        for count, (name, status) in enumerate(new.entries.items()):
            if count % 50 == 49:
                await asyncio.sleep(0)
            old = self._before[name]
            try:
                self._send_one(name, status, old)
            except OSError as error:
                reader = error.filename == self._source.path(name)
                verb = "send_files failed to open" if reader else "mkstemp"
                where = "sender" if reader else "receiver"
                self._fail(f'rsync: [{where}] {verb} "{error.filename}": {error.strerror} ({error.errno})')

    def _send_one(self, name: str, status: Status, old: Status | None) -> None:
        settings, target = self._settings, self._target
        if old is not None and status_bits.S_IFMT(old.mode) != status_bits.S_IFMT(status.mode):
            if not settings.dry_run:
                _clear(target, name, old)
            old = None
        if status.is_directory:
            changed = old is None
            if old is None and not settings.dry_run:
                target.files.make_directory(target.path(name), target.account, mode=status_bits.S_IMODE(status.mode))
        elif status.is_link:
            changed = self._send_link(name, old)
        else:
            if settings.update and old is not None and old.modified > status.modified:
                return
            changed = old is None or is_changed(settings, self._source, target, name, status, old)
            if changed:
                self._write(name, status, old)
        if old is None:
            self._tally.created.append(status)
        self._mention(name, status, old, changed)
        if old is not None and not changed and not settings.dry_run and status.is_file:
            self._keep_attributes(name, status)

    def _send_link(self, name: str, old: Status | None) -> bool:
        wanted = self._source.files.link_target(self._source.path(name))
        path = self._target.path(name)
        if old is not None and self._target.files.link_target(path) == wanted:
            return False
        if not self._settings.dry_run:
            if old is not None:
                self._target.files.remove(path, self._target.account)
            self._target.files.link(wanted, path, self._target.account)
        return True

    def _write(self, name: str, status: Status, old: Status | None) -> None:
        if not self._settings.dry_run:
            data = self._source.files.read(self._source.path(name), self._source.account)
            if old is not None:
                self._keep_backup(name, old)
            mode = status_bits.S_IMODE(status.mode) if "p" in self._settings.letters or old is None else None
            path = self._target.path(name)
            self._target.files.write(path, data, self._target.account, mode=mode or 0o644)
            self._keep_attributes(name, status)
        self._tally.sent.append(status)

    def _keep_attributes(self, name: str, status: Status) -> None:
        path, target = self._target.path(name), self._target
        if "p" in self._settings.letters:
            target.files.change_mode(path, status_bits.S_IMODE(status.mode), target.account)
        if "t" in self._settings.letters:
            target.files.set_modified(path, status.modified, target.account)

    def _settle_directories(self, new: Listing) -> None:
        """Times and modes of directories, once everything in them is written."""
        for name, status in new.entries.items():
            if status.is_directory and not self._settings.dry_run and self._target.status(name) is not None:
                try:
                    self._keep_attributes(name, status)
                except OSError as error:
                    shown = posixpath.join(self._target.root, name or ".")
                    reason = f"{error.strerror} ({error.errno})"
                    self._fail(f'rsync: [generator] failed to set times on "{shown}": {reason}')

    def _mention(self, name: str, status: Status, old: Status | None, changed: bool) -> None:
        marks = itemized(self._settings, status, old, sends=changed)
        if old is not None and marks.endswith("." * 9) and not changed:
            return
        shown = (name or ".") + ("/" if status.is_directory else "")
        if status.is_link:
            shown += f" -> {self._source.files.link_target(self._source.path(name))}"
        if self._settings.itemize:
            self._lines.append(f"{marks} {shown}")
        elif self._settings.verbose and changed:
            self._lines.append(shown)

    # Reporting

    async def _report(self, new: Listing) -> int:
        tally = self._tally
        for complaint in tally.complaints:
            await self._call.stderr.write(complaint.encode() + b"\n")
        if self._settings.stats:
            self._lines += ["", *self._statistics(new)]
        if self._settings.stats or self._settings.verbose:
            self._lines += ["", *self._totals(new)]
        if self._lines:
            await self._call.say("\n".join(self._lines))
        if tally.skipped_deletions:
            count = tally.skipped_deletions
            lines = f"Deletions stopped due to --max-delete limit ({count} skipped)\n{_STOPPED}\n"
            if not tally.failed:
                await self._call.stderr.write(lines.encode())
                return 25
            await self._call.stderr.write(lines.partition("\n")[0].encode() + b"\n")
        if tally.failed:
            await self._call.stderr.write(_PARTIAL.encode() + b"\n")
            return 23
        return 0

    def _number(self, value: int) -> str:
        return f"{value:,}" if self._settings.human else str(value)

    def _counted(self, statuses: list[Status]) -> str:
        kinds = [("reg", "is_file"), ("dir", "is_directory"), ("link", "is_link")]
        counts = [(label, sum(getattr(status, kind) for status in statuses)) for label, kind in kinds]
        inner = ", ".join(f"{label}: {self._number(count)}" for label, count in counts if count)
        return self._number(len(statuses)) + (f" ({inner})" if inner else "")

    def _statistics(self, new: Listing) -> list[str]:
        total = sum(status.size for status in new.entries.values() if not status.is_directory)
        sent = sum(status.size for status in self._tally.sent)
        literal = 0 if self._settings.dry_run else sent
        return [
            f"Number of files: {self._counted(list(new.entries.values()))}",
            f"Number of created files: {self._counted(self._tally.created)}",
            f"Number of deleted files: {self._counted(self._tally.deleted)}",
            f"Number of regular files transferred: {self._number(len(self._tally.sent))}",
            f"Total file size: {self._number(total)} bytes",
            f"Total transferred file size: {self._number(sent)} bytes",
            f"Literal data: {self._number(literal)} bytes",
            "Matched data: 0 bytes",
            "File list size: 0",
            "File list generation time: 0.001 seconds",
            "File list transfer time: 0.000 seconds",
            f"Total bytes sent: {self._number(self._bytes_sent(new))}",
            f"Total bytes received: {self._number(35)}",
        ]

    def _bytes_sent(self, new: Listing) -> int:
        sent = 0 if self._settings.dry_run else sum(status.size for status in self._tally.sent)
        return sent + 60 + 20 * len(new.entries)

    def _totals(self, new: Listing) -> list[str]:
        sent = self._bytes_sent(new)
        total = sum(status.size for status in new.entries.values() if not status.is_directory)
        dry = " (DRY RUN)" if self._settings.dry_run else ""
        rate = f"{(sent + 35) * 2:,.2f}" if self._settings.human else f"{(sent + 35) * 2:.2f}"
        return [
            f"sent {self._number(sent)} bytes  received 35 bytes  {rate} bytes/sec",
            f"total size is {self._number(total)}  speedup is {total / (sent + 35):.2f}{dry}",
        ]


def _in_order_of_deletion(doomed: list[tuple[str, Status]]) -> list[tuple[str, Status]]:
    """Directories after what is in them and before files; names in reverse order, as rsync deletes."""
    below: dict[str, list[tuple[str, Status]]] = {}
    names = {name for name, _ in doomed}
    for name, status in doomed:
        parent = posixpath.dirname(name)
        below.setdefault(parent if parent in names else "", []).append((name, status))

    def visit(parent: str) -> list[tuple[str, Status]]:
        ordered: list[tuple[str, Status]] = []
        for name, status in sorted(
            below.get(parent, []), key=lambda entry: (entry[1].is_directory, entry[0]), reverse=True
        ):
            ordered += [*visit(name), (name, status)]
        return ordered

    return visit("")


def _clear(side: Side, name: str, status: Status) -> None:
    path = side.path(name)
    if not status.is_directory:
        side.files.remove(path, side.account)
        return
    for entry in side.files.names(path):
        below = side.status(f"{name}/{entry}")
        if below is not None:
            _clear(side, f"{name}/{entry}", below)
    side.files.remove_directory(path, side.account)
