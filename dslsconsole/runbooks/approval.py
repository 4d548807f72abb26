"""Requests for a second operator's approval, and approvals: small files beside the lock on the cluster's nodes.

Any console sees them there. They lie on hosts, so they are no more than claims: an approval counts where its signature
over the very request is one of a permitted operator who is not the one that asked (see `second`).
"""

import json
from collections.abc import Mapping
from typing import Annotated, Protocol, TypeVar

import msgspec
from msgspec import Meta, Struct

from dslsconsole.runbooks.report import iso
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground

LONGEST = 65_536
"""Bytes of a file that is read as one of these."""
MOST = 50
"""Requests of one cluster that are looked at on one host."""
KEPT_SECONDS = 86_400.0
"""How long an expired request is left to be looked at."""
_NOT_DONE = (Unreached, Unfinished, Refused)
_Word = Annotated[str, Meta(max_length=200)]
_Id = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,100}$")]
_Text = Annotated[str, Meta(max_length=1000)]
_Time = Annotated[float, Meta(ge=0, le=4_102_444_800)]
Decoded = TypeVar("Decoded")


class ApprovalRequest(Struct, frozen=True, kw_only=True):
    """What one operator asks another to approve. Its id is that of the operation that asked. Times are seconds since
    the epoch; `plan` is the plan's hash."""

    request: _Id
    cluster: _Word
    runbook: _Word
    operator: _Word
    from_host: _Word
    at: _Time
    until: _Time
    reason: _Text
    plan: _Word
    confirm: _Word
    params: dict[_Word, _Text] = {}
    overrides: tuple[_Word, ...] = ()
    attested: tuple[_Word, ...] = ()
    steps: tuple[Annotated[str, Meta(max_length=400)], ...] = ()
    """The steps in words; what is approved is the plan by its hash."""

    def canonical(self) -> bytes:
        """The bytes that are signed: the same request gives the same."""
        return msgspec.json.encode(msgspec.to_builtins(self), order="sorted")

    def cleaned(self) -> "ApprovalRequest":
        """The same as it is read again: what is signed is what is shown."""
        return msgspec.convert(_clean(msgspec.to_builtins(self)), ApprovalRequest)

    def asks_the_same(self, other: "ApprovalRequest") -> bool:
        """Whether both ask for the same thing, by the same person; when and why may differ."""
        return self.identity() == other.identity()

    def identity(self) -> tuple[object, ...]:
        return (
            *(self.cluster, self.runbook, self.operator, self.plan, self.confirm),
            *(tuple(sorted(self.params.items())), tuple(sorted(self.overrides)), tuple(sorted(self.attested))),
        )


class Approval(Struct, frozen=True, kw_only=True):
    """A second operator's word. `principal` is the name in the allowed-signers file; the account is not proven."""

    request: _Id
    principal: _Word
    account: _Word
    from_host: _Word
    at: _Time
    signature: Annotated[str, Meta(max_length=20_000)]


class Filed(Struct, frozen=True):
    """A request as the hosts hold it."""

    request: ApprovalRequest
    hosts: tuple[str, ...]
    approvals: tuple[Approval, ...] = ()
    used: bool = False

    def state(self, now: float) -> str:
        """`open`, `approved` (whether rightly is another question), `used` or `expired`."""
        if self.used:
            return "used"
        if now >= self.request.until:
            return "expired"
        return "approved" if self.approvals else "open"

    def document(self, now: float) -> dict[str, object]:
        """As JSON has it."""
        request = self.request
        return {
            "request": request.request,
            "cluster": request.cluster,
            "runbook": request.runbook,
            "operator": request.operator,
            "from": request.from_host,
            "at": iso(request.at),
            "until": iso(request.until),
            "reason": request.reason,
            "plan": request.plan,
            "params": request.params,
            "overrides": list(request.overrides),
            "attested": list(request.attested),
            "steps": list(request.steps),
            "state": self.state(now),
            "approved_by": [approval.principal for approval in self.approvals],
        }


class Shelf(Hands, Protocol):
    """Hands that can list a directory too."""

    async def names(self, host: str, path: str) -> tuple[str, ...] | None: ...


def _stem(ground: Ground, request: str) -> str:
    return f"{ground.estate.lock_directory.rstrip('/')}/{ground.name}.request-{request}"


async def file(shelf: Shelf, ground: Ground, hosts: tuple[str, ...], request: ApprovalRequest) -> tuple[str, ...]:
    """Put a request on the hosts; those that have it now."""
    data = request.canonical()
    return await _put(shelf, hosts, f"{_stem(ground, request.request)}.json", data)


async def file_approval(shelf: Shelf, ground: Ground, hosts: tuple[str, ...], approval: Approval) -> tuple[str, ...]:
    """Put an approval beside its request; the hosts that have it now."""
    data = msgspec.json.encode(approval)
    return await _put(shelf, hosts, f"{_stem(ground, approval.request)}.approved", data)


async def _put(shelf: Shelf, hosts: tuple[str, ...], path: str, data: bytes) -> tuple[str, ...]:
    done = []
    for host in hosts:
        try:
            await shelf.replace(host, path, data)
            done.append(host)
        except _NOT_DONE:
            continue
    return tuple(done)


async def use_up(shelf: Shelf, ground: Ground, hosts: tuple[str, ...], request: ApprovalRequest) -> bool:
    """Mark a request as used, on every host; whether nobody had done so before. Raises Unreached, Unfinished, Refused
    where no host could be told."""
    failures: list[Exception] = []
    for host in hosts:
        try:
            if not await shelf.create(host, f"{_stem(ground, request.request)}.used", request.operator.encode()):
                return False
        except _NOT_DONE as failure:
            failures.append(failure)
    if len(failures) == len(hosts):
        raise Refused(f"no node could be told that the approval is used: {failures[0] if failures else 'none answers'}")
    return True


async def filed(shelf: Shelf, ground: Ground, hosts: tuple[str, ...]) -> tuple[Filed, ...]:
    """The requests of a cluster, the newest first. The same id with another content is another request."""
    found: dict[bytes, Filed] = {}
    for host in hosts:
        for one in await _on(shelf, ground, host):
            before = found.get(one.request.canonical())
            if before is not None:
                one = Filed(
                    one.request,
                    (*before.hosts, *one.hosts),
                    tuple(dict.fromkeys((*before.approvals, *one.approvals))),
                    before.used or one.used,
                )
            found[one.request.canonical()] = one
    return tuple(sorted(found.values(), key=lambda one: one.request.at, reverse=True))


async def _on(shelf: Shelf, ground: Ground, host: str) -> list[Filed]:
    directory = ground.estate.lock_directory.rstrip("/")
    beginning = f"{ground.name}.request-"
    found = []
    try:
        names = set(await shelf.names(host, directory) or ())
        ids = [name.removeprefix(beginning).removesuffix(".json") for name in names if name.endswith(".json")]
        for one in sorted((name for name in ids if f"{beginning}{name}.json" in names), reverse=True)[:MOST]:
            stem = _stem(ground, one)
            request = _decoded(await shelf.read(host, f"{stem}.json"), ApprovalRequest)
            if request is None or request.request != one or request.cluster != ground.name:
                continue
            approval = None
            if f"{beginning}{one}.approved" in names:
                approval = _decoded(await shelf.read(host, f"{stem}.approved"), Approval)
            ours = (approval,) if approval is not None and approval.request == one else ()
            found.append(Filed(request, (host,), ours, f"{beginning}{one}.used" in names))
    except _NOT_DONE:
        return found
    return found


async def sweep(shelf: Shelf, ground: Ground, known: tuple[Filed, ...], now: float) -> None:
    """Remove what expired long ago, where it can be."""
    for one in known:
        if now < one.request.until + KEPT_SECONDS:
            continue
        for host in one.hosts:
            for ending in ("approved", "json", "used"):
                try:
                    await shelf.remove(host, f"{_stem(ground, one.request.request)}.{ending}")
                except _NOT_DONE:
                    break


def _decoded(data: bytes | None, kind: type[Decoded]) -> Decoded | None:
    """What a file says, cleaned; None where it is no such file."""
    if data is None or len(data) > LONGEST:
        return None
    try:
        plain = json.loads(data)
        return msgspec.convert(_clean(plain), kind)
    except (ValueError, msgspec.ValidationError, RecursionError):
        return None


def _clean(value: object) -> object:
    """The same without what steers a terminal, but for a signature's line ends. Signed is what is shown."""
    if isinstance(value, Mapping):
        return {clean(str(name)): member if name == "signature" else _clean(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(member) for member in value]
    return clean(value, LONGEST) if isinstance(value, str) else value
