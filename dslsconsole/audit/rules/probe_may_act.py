"""What reads may act too: both users are the same, or have the same key."""

from collections.abc import Iterator

from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate, listed
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Estate


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether reading and acting are apart",
        why="The reading process runs for months and parses what hosts print. With the operate user's name or key "
        "it could stop servers; a "
        "key of its own, held to the probe by authorized_keys, can't.",
        of_estate=_judge,
    )


def _judge(estate: Estate) -> Iterator[Verdict]:
    ssh = estate.ssh
    shared = [file for file in ssh.identity_files if file in ssh.operate_identity_files]
    wrong = []
    if ssh.operate_user is not None and ssh.operate_user == ssh.probe_user:
        wrong.append(
            found(
                "",
                f"hosts are read and acted on as the same user, {ssh.operate_user}",
                in_estate(
                    "write `probe_user: dslsprobe` under ssh, with config/node/authorized_keys.probe on each host"
                ),
                "ssh.probe_user is ssh.operate_user",
            )
        )
    if shared:
        wrong.append(
            found(
                "",
                f"hosts are read and acted on with the same key, {listed(shared)}",
                in_estate("name a key of its own under ssh.identity_files"),
                f"{listed(shared)} is in both lists",
            )
        )
    yield from wrong or [fine()]
