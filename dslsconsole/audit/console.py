"""What the console's own host must have for the rules on people and the journal, and where the journal is anchored."""

import posixpath

from dslsconsole.audit.trial import Trial, User
from dslsconsole.journal.anchoring import has_no_syslog, try_syslog
from dslsconsole.runbooks.signing import NotSigned, Signers, keygen
from dslsconsole.settings import expand
from dslsconsole.settings.hosts import hosts_of
from dslsconsole.settings.schema import Estate
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from dslsconsole.ssh.quoting import bounded
from dslsconsole.systems.readers import target_of

TIMEOUT_S = 5.0
HERE = "this host"


async def own_trials(estate: Estate, operating: Pool | None) -> tuple[Trial, ...]:
    """Whether approvals can be verified here, and whether the journal's anchors can be put where they should be."""
    found = []
    if estate.operators.two_person:
        found.append(_signers(estate))
    if estate.journal.anchor.syslog:
        found.append(_syslog(estate.journal.anchor.syslog))
    if estate.journal.anchor.host is not None and operating is not None:
        found.append(await _anchors(estate, estate.journal.anchor.host, operating))
    return tuple(found)


def _signers(estate: Estate) -> Trial:
    try:
        program = keygen()
        signers = Signers(expand(estate.operators.allowed_signers))
    except NotSigned as missing:
        return Trial("", HERE, User.CONSOLE, "allowed signers", False, str(missing))
    text = f"{len(signers)} in {signers.path}; verified by {program}"
    return Trial("", HERE, User.CONSOLE, "allowed signers", True, text)


def _syslog(where: str) -> Trial:
    if has_no_syslog(where):
        return Trial(
            "", HERE, User.CONSOLE, "syslog", True, f"there is no {where} here: the journal is not anchored there"
        )
    try:
        try_syslog(where)
    except OSError as error:
        text = f"{where} takes nothing ({error.strerror or error}); look at journal.anchor.syslog"
        return Trial("", HERE, User.CONSOLE, "syslog", False, text)
    return Trial("", HERE, User.CONSOLE, "syslog", True, f"{where} takes the journal's anchors")


async def _anchors(estate: Estate, name: str, operating: Pool) -> Trial:
    path = estate.journal.anchor.path
    host = next(host for cluster in hosts_of(estate) for host in cluster.all if host.name == name)

    def trial(ok: bool, text: str) -> Trial:
        return Trial(host.cluster, name, User.OPERATE, "anchors", ok, text)

    try:
        connection = await operating.connection(target_of(host))
        for place in (path, posixpath.dirname(path)):
            done = await connection.run(bounded(["test", "-w", place], TIMEOUT_S), timeout=TIMEOUT_S + 2)
            if done.status == 0:
                return trial(True, f"{path} can be written")
            if place == path:
                there = await connection.run(bounded(["test", "-e", path], TIMEOUT_S), timeout=TIMEOUT_S + 2)
                if there.status == 0:
                    break
    except SshError as error:
        return trial(False, error.failure.text)
    return trial(False, f"{path} can't be written by {connection.user}; make it, or its directory, theirs")
