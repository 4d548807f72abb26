"""`dslsconsole status`: one reading of the estate."""

import time

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option, told
from dslsconsole.commands.completing import clusters, completing


@click.command(
    "status",
    epilog="Example: dslsconsole status --cluster production-cluster --json\n\n"
    "Exit status: 0 ok, 1 warning, 2 critical, 3 unknown.",
)
@estate_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document (schema 1).")
@click.option("--prometheus", is_flag=True, help="Metrics in the Prometheus text format.")
@click.option("--cluster", metavar="NAME", shell_complete=completing(clusters), help="Only this cluster.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool, prometheus: bool, cluster: str | None) -> None:
    """One reading of the estate: a sentence, a short table, and an exit status for monitoring."""
    if as_json and prometheus:
        end("Say either --json or --prometheus.", Exit.USAGE)
    import asyncio

    from dslsconsole.model.verdict import Health
    from dslsconsole.sessions.status import EXIT_STATUS, report
    from dslsconsole.watch.reading import UnknownClusterError, read_once

    try:
        picture = asyncio.run(read_once(invocation.estate(), cluster))
    except UnknownClusterError as error:
        end(str(error), Exit.USAGE)
    now = time.time()
    status = report(picture, now)

    def say() -> None:
        if as_json:
            import msgspec

            click.echo(msgspec.json.encode(status))
        elif prometheus:
            from dslsconsole.sessions.metrics import exposition

            click.echo(exposition(picture, now), nl=False)
        else:
            from rich.console import Console

            from dslsconsole.sessions.status import sentence
            from dslsconsole.sessions.table import print_table

            click.echo(sentence(picture, Health(status.health)))
            print_table(status, Console(highlight=False))

    told(EXIT_STATUS[Health(status.health)], say)
