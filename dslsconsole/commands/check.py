"""`dslsconsole check`: is the configuration sound, and can every host be reached as each user?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option

if TYPE_CHECKING:
    from dslsconsole.settings import Finding
    from dslsconsole.settings.schema import Estate


@click.command(
    "check",
    epilog="Example: dslsconsole check --json\n\n"
    "Exit status: 0 sound, 1 findings, 78 the estate file, or a runbook of the site, is not sound.",
)
@estate_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--file-only", is_flag=True, help="Look at the estate file alone; connect to no host.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool, file_only: bool) -> None:
    """Is the configuration sound, and can every host be reached as each user?

    Changes nothing: in each node's lock directory a new file is made and removed, and the statistics pages are asked
    for nothing, which tells whether they could be asked for more.
    """
    path = invocation.path()
    if as_json:
        _file_as_json(invocation)
    estate = invocation.estate()
    _runbooks(estate, as_json=as_json)
    clusters = ", ".join(estate.clusters)
    if file_only:
        click.echo('{"file": "sound", "trials": []}' if as_json else f"{path} is sound: {clusters}.")
        return
    import asyncio

    from dslsconsole.audit.access import failed, trials

    found = asyncio.run(trials(estate))
    wrong = failed(found)
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode({"file": "sound", "trials": found}).decode())
    else:
        click.echo(f"{path} is sound: {clusters}.")
        _table([(trial.host, str(trial.user), trial.what, trial.ok, trial.text) for trial in found])
        if estate.ssh.operate_user is None:
            click.echo("No ssh.operate_user is given, so nothing can be run.")
        click.echo(f"{len(wrong)} of {len(found)} trials failed." if wrong else "Every host can be reached.")
    sys.exit(Exit.FINDINGS if wrong else Exit.OK)


def _file_as_json(invocation: Invocation) -> None:
    """What is wrong with the file, as JSON; comes back where it is sound."""
    from dslsconsole.settings import ConfigurationError, load

    try:
        load(invocation.path())
    except ConfigurationError as error:
        _findings_as_json(error.findings)


def _runbooks(estate: Estate, *, as_json: bool) -> None:
    """Look at the site's own runbooks; ends the program with every finding where one is not sound."""
    from dslsconsole.runbooks import library

    own, findings = library.own(estate)
    if findings and as_json:
        _findings_as_json(findings)
    if findings:
        end("\n".join(str(finding) for finding in findings), Exit.CONFIGURATION)
    if own and not as_json:
        click.echo(f"The site's own runbooks are sound: {', '.join(own)}.")


def _findings_as_json(findings: tuple[Finding, ...]) -> NoReturn:
    import msgspec

    told = [
        {"file": str(one.file), "line": one.line, "column": one.column, "key": one.key, "text": one.text}
        for one in findings
    ]
    click.echo(msgspec.json.encode({"file": "not sound", "findings": told}).decode())
    sys.exit(Exit.CONFIGURATION)


def _table(rows: list[tuple[str, str, str, bool, str]]) -> None:
    """Plain columns: they survive a pipe, and the sentences may be as long as they need to be."""
    widths = [max((len(str(row[column])) for row in rows), default=0) for column in range(3)]
    for host, user, what, ok, text in rows:
        mark = "ok    " if ok else "FAILED"
        click.echo(f"  {host:<{widths[0]}}  {user:<{widths[1]}}  {what:<{widths[2]}}  {mark}  {text}")
