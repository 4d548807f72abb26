"""`dslsconsole inspect`: the end of a node's log, its configuration file, and who holds licences."""

import sys

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option
from dslsconsole.commands.completing import clusters, completing


@click.command("inspect", epilog="Example: dslsconsole inspect dsls-primary-01")
@estate_option
@click.argument("node")
@click.option(
    "--cluster", metavar="NAME", shell_complete=completing(clusters), help="The cluster, where two have such a node."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(invocation: Invocation, node: str, cluster: str | None, as_json: bool) -> None:
    """Look closely at one node: the last lines of its log, its configuration file, and who holds licences.

    Everything is read as the probe user; nothing is changed.
    """
    import asyncio

    from dslsconsole.settings.hosts import hosts_of
    from dslsconsole.watch.inspecting import inspect

    estate = invocation.estate()
    found = [
        one
        for hosts in hosts_of(estate)
        for one in hosts.all_nodes
        if one.name == node and cluster in (None, one.cluster)
    ]
    if not found:
        end(f"There is no node {node}{f' in {cluster}' if cluster else ''} in the estate file.", Exit.USAGE)
    if len(found) > 1:
        end(
            f"There is a node {node} in {' and '.join(one.cluster for one in found)}: say which by --cluster.",
            Exit.USAGE,
        )
    seen = asyncio.run(inspect(estate, found[0]))
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(seen).decode())
    else:
        from dslsconsole.watch.inspected import told

        for line in told(seen):
            click.echo(line)
    sys.exit(Exit.OK)
