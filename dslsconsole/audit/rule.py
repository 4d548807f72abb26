"""What an audit rule is: a question about the configuration of one cluster, or of the estate file, with its answers."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.model.reading import FailureKind, Reading
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Estate

T = TypeVar("T")


class Result(StrEnum):
    FOUND = "found"
    UNKNOWN = "unknown"
    """It could not be looked at, which is no good sign: it stands among the findings."""
    FINE = "fine"


class Verdict(Struct, frozen=True):
    """A rule's answer for one host, or for what belongs to none."""

    result: Result
    host: str
    """Empty for what belongs to none."""
    summary: str = ""
    evidence: tuple[str, ...] = ()
    """What was read, in the words of the file or the host."""
    mend: str = ""
    """What to write where, so that it can be done as it stands."""
    severity: Severity | None = None
    """Where it differs from the rule's."""


class Rule(Struct, frozen=True):
    """A rule of a cluster or of the estate file: one of `of_cluster` and `of_estate` is given."""

    severity: Severity
    about: str
    """What it looks at, in a few words."""
    why: str
    """What goes wrong otherwise, and where that is written or was measured."""
    of_cluster: Callable[[ClusterFacts], Iterable[Verdict]] | None = None
    of_estate: Callable[[Estate], Iterable[Verdict]] | None = None


def found(host: str, summary: str, mend: str, *evidence: str, severity: Severity | None = None) -> Verdict:
    return Verdict(Result.FOUND, host, summary, evidence, mend, severity)


def unknown(host: str, summary: str, mend: str = "") -> Verdict:
    return Verdict(Result.UNKNOWN, host, summary, (), mend)


def fine(host: str = "") -> Verdict:
    return Verdict(Result.FINE, host)


def of_each(
    hosts: Iterable[HostFacts],
    reading: Callable[[HostFacts], Reading[T]],
    judge: Callable[[HostFacts, T], Iterable[Verdict]],
    *,
    may_lack: bool = False,
) -> Iterator[Verdict]:
    """Judges what each host said; a host that could not say it is unknown, one with no verdict is fine.

    With `may_lack`, a host on which there is no such file is fine too.
    """
    for host in hosts:
        told = reading(host)
        lacks = told.failure is not None and told.failure.kind is FailureKind.ABSENT and "no /" in told.failure.text
        if told.value is not None:
            yield from tuple(judge(host, told.value)) or (fine(host.name),)
        elif may_lack and lacks:
            yield fine(host.name)
        elif told.tried_at is not None:
            yield unread(host, told)


def unread(host: HostFacts, reading: Reading[T]) -> Verdict:
    """Why something could not be read."""
    text = reading.failure.text if reading.failure is not None else f"{host.name}: it did not say"
    return unknown(host.name, text, f"Once the probe user can read it on {host.name}, run dslsconsole audit again.")


def known(
    hosts: Iterable[HostFacts], reading: Callable[[HostFacts], Reading[T]]
) -> tuple[dict[str, T], tuple[Verdict, ...]]:
    """What each host said, by its name, to compare them; and a verdict for each that could not say it."""
    values: dict[str, T] = {}
    missing: list[Verdict] = []
    for host in hosts:
        told = reading(host)
        if told.value is not None:
            values[host.name] = told.value
        elif told.tried_at is not None:
            missing.append(unread(host, told))
    return values, tuple(missing)


def all_same(
    values: dict[str, T], missing: tuple[Verdict, ...], differ: Callable[[dict[str, T]], Iterable[Verdict]]
) -> Iterator[Verdict]:
    """Compares two or more hosts; one alone has nothing to differ from, and nobody knows while some are unread."""
    yield from missing
    if len(values) > 1:
        yield from tuple(differ(values)) or (() if missing else (fine(),))
