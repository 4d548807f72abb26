"""Why a section of the probe gave no value, in words."""

import re

from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.node.probe import Section

COMMANDS = {
    "identity": "the probe",
    "service": "systemctl show",
    "status": "DSLicSrv -status",
    "cluster": "DSLicSrv -cluster-status",
    "tokens": "DSLicSrv -tokens",
    "dr_sync": "DSLicSrv -verify-dr-sync",
    "vendor": "DSLicSrv -admin",
    "resources": "crm_mon",
    "monitoring": "the monitoring file",
    "mounts": "/proc/self/mountinfo",
    "addresses": "ip addr show",
    "dns": "dig",
    "lock": "the lock of operations",
}
_OF_DSLICSRV = frozenset({"status", "cluster", "tokens", "dr_sync", "DSLicSrv -sessions"})
NOT_RUNNING = 3
"""DSLicSrv: the local server does not run."""
_XML_ERROR = re.compile(r"<error>([^<]+)</error>")
"""Pacemaker's tools tell even errors as XML."""
_TIMED_OUT = frozenset({124, 137})


def timed_out(section: Section) -> bool:
    return section.status in _TIMED_OUT


def of_status(host: str, name: str, section: Section, limit_s: int) -> Failure:
    """Why the command behind section `name` is taken to have failed."""
    command = COMMANDS.get(name, name)
    said = clean(_error_line(section.body), 160)
    match section.status:
        case 124 | 137:
            return Failure(FailureKind.NO_ANSWER, f"{host}: {command} did not answer within {limit_s} s")
        case 127:
            return Failure(FailureKind.ABSENT, f"{host}: {command} is not installed there: {said}")
        case 126:
            return Failure(FailureKind.PERMISSION, f"{host}: {command} may not be run by this user: {said}")
        case 3 if name in _OF_DSLICSRV:
            return Failure(FailureKind.REFUSED, f"{host}: its licence server does not run")
        case 9 if name == "dns":
            return Failure(FailureKind.NO_ANSWER, f"{host}: the name server does not answer it")
        case None:
            return Failure(FailureKind.GARBLED, f"{host}: {command} printed too much, or its end is missing")
    return Failure(FailureKind.FAILED, f"{host}: {command} failed with status {section.status}: {said or 'no word'}")


def garbled(host: str, name: str, why: str) -> Failure:
    return Failure(FailureKind.GARBLED, clean(f"{host}: {COMMANDS.get(name, name)} can't be read: {why}", 600))


def not_connected(host: str, said: str) -> Failure:
    """The vendor's tool reached no server on its own host."""
    return Failure(FailureKind.REFUSED, f"{host}: its licence server does not answer: {said}")


def missing(host: str, name: str, shortfall: Failure | None) -> Failure:
    """The section did not come at all."""
    if shortfall is not None:
        return shortfall
    return Failure(FailureKind.GARBLED, f"{host}: the probe left out {COMMANDS.get(name, name)}")


def unknown_to_probe(host: str, name: str) -> Failure:
    text = f"{host}: the probe installed there does not know “{name}”; install the one of this version"
    return Failure(FailureKind.ABSENT, text)


def _error_line(body: str) -> str:
    if (told_as_xml := _XML_ERROR.search(body[:20_000])) is not None:
        return told_as_xml[1]
    told = [line for line in body.splitlines() if line.strip()]
    return next((line for line in told if line.lstrip().upper().startswith("ERROR")), told[0] if told else "")
