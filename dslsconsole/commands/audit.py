"""`dslsconsole audit`: is high availability configured so that it will work when it is needed?"""

import shutil
import sys

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option
from dslsconsole.commands.completing import clusters, completing


@click.command(
    "audit",
    epilog="Example: dslsconsole audit --cluster production-cluster\n\n"
    "Exit status: 0 nothing found, 1 findings, or something that could not be looked at.",
)
@estate_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object (schema 1).")
@click.option(
    "--cluster", metavar="NAME", shell_complete=completing(clusters), help="Only this cluster, and the estate file."
)
@click.pass_obj
def command(invocation: Invocation, as_json: bool, cluster: str | None) -> None:
    """Check the HA configuration on the nodes: HAProxy, keepalived, licence servers, units, storage, clocks, DR site.

    Everything is read as the probe user; nothing is changed.
    """
    import asyncio
    import datetime

    from dslsconsole.audit.findings import report
    from dslsconsole.audit.gathering import gather

    estate = invocation.estate()
    if cluster is not None and cluster not in estate.clusters:
        end(f"There is no cluster {cluster}; there are {', '.join(estate.clusters)}.", Exit.USAGE)
    facts = asyncio.run(gather(estate, [cluster] if cluster is not None else list(estate.clusters)))
    found = report(estate, facts, datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(found).decode())
    else:
        from dslsconsole.audit.printing import told

        for line in told(found, min(120, shutil.get_terminal_size((100, 24)).columns)):
            click.echo(line)
    sys.exit(Exit.FINDINGS if found.findings else Exit.OK)
