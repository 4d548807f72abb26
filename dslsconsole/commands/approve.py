"""`dslsconsole approve`: the second operator's word for a runbook that needs two."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option

if TYPE_CHECKING:
    from dslsconsole.runbooks.approval import Filed
    from dslsconsole.settings.schema import Estate


@click.command(
    "approve",
    epilog="Example: dslsconsole approve 20270101T120000Z-a1b2c3\n\nExit status: 0 approved, 10 it can't be approved "
    "(expired, used, or another plan by now), 13 no node took it, 14 not confirmed or not permitted.",
)
@click.argument("request", required=False)
@click.option("--confirm", help="The answer to the question that would be asked: the cluster's name.")
@click.option(
    "--key", type=click.Path(path_type=Path), help="The SSH key to sign with, or its public half for the agent."
)
@click.option(
    "--as", "name", metavar="NAME", help="Your name in the allowed-signers file, where it is not the account's."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON: the open requests, or what became of one.")
@estate_option
@click.pass_obj
def command(
    invocation: Invocation, request: str | None, confirm: str | None, key: Path | None, name: str | None, as_json: bool
) -> None:
    """Approve REQUEST of another operator, with the plan as it stands now; without REQUEST, list those that wait.

    The approval is your SSH key's signature over the request: runbook, cluster, settings, plan and time. It is good for
    one run by the one who asked.
    """
    from dslsconsole.runbooks.approving import Approver, NotApproved

    estate = invocation.estate()
    known = asyncio.run(_known(estate))
    if request is None:
        _list(known, as_json)
        return
    try:
        approver = Approver(estate, chosen(known, request), name, key)
        done = asyncio.run(approver.approve(confirm, may_ask=sys.stdin.isatty() and not as_json, quiet=as_json))
    except NotApproved as refusal:
        if as_json:
            import msgspec

            document = {"request": request, "outcome": "not_approved", "sentence": str(refusal)}
            click.echo(msgspec.json.encode(document).decode())
            sys.exit(refusal.status)
        end(str(refusal), refusal.status)
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode({"request": request, "outcome": "approved", "sentence": done}).decode())
    else:
        click.echo(done)


def chosen(known: tuple[Filed, ...], request: str) -> Filed:
    """The request of that id; ends the program where there is none, or more than one."""
    from dslsconsole.commands.run import nearest

    found = [one for one in known if one.request.request == request]
    if not found:
        open_ = [one.request.request for one in known]
        end(f"There is no request called {request}.{nearest(request, open_)} See `dslsconsole approve`.", Exit.USAGE)
    if len(found) > 1:
        where = "; ".join(", ".join(one.hosts) for one in found)
        end(f"The nodes disagree on what {request} asks for ({where}): somebody changed it. Ask anew.", Exit.REFUSED)
    return found[0]


def _list(known: tuple[Filed, ...], as_json: bool) -> None:
    now = time.time()
    open_ = [one for one in known if one.state(now) in ("open", "approved")]
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode([one.document(now) for one in open_]).decode())
        return
    if not open_:
        click.echo("No request waits for approval.")
    for one in open_:
        told = one.document(now)
        click.echo(
            f"{told['request']}  {told['state']}  {told['runbook']} on {told['cluster']}, "
            f"asked by {told['operator']} on {told['from']}, until {told['until']}"
        )
        click.echo(f"    reason: {told['reason']}")
        click.echo(f"    plan {told['plan']}:")
        for number, step in enumerate(one.request.steps, 1):
            click.echo(f"    {number:3} {step}")


async def _known(estate: Estate) -> tuple[Filed, ...]:
    """The requests on all clusters; nodes that are not reached are left out."""
    from dslsconsole.runbooks.approval import filed
    from dslsconsole.runbooks.reach import Reach
    from dslsconsole.systems.ground import Ground

    if estate.ssh.operate_user is None:
        end("The estate file names no ssh.operate_user: requests lie where only that user reads.", Exit.NOT_CONFIRMED)
    found: list[Filed] = []
    for cluster in estate.clusters:
        ground = Ground(estate, cluster)
        async with Reach(ground, time.time) as hands:
            found += await filed(hands, ground, tuple(ground.nodes))
    return tuple(found)
