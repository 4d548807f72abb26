"""`dslsconsole watch`: the reading process by itself."""

import asyncio

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option
from dslsconsole.commands.completing import clusters, completing


def _endpoint(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, int] | None:
    if value is None:
        return None
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise click.BadParameter("write HOST:PORT, e.g. 127.0.0.1:9105 or [::1]:9105")
    return host.strip("[]") or "127.0.0.1", int(port)


@click.command("watch", epilog="Example: dslsconsole watch --once | head -2")
@estate_option
@click.option("--cluster", metavar="NAME", shell_complete=completing(clusters), help="Only this cluster.")
@click.option("--once", is_flag=True, help="Read every host once, print what is known then, and end.")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    callback=_endpoint,
    help="Serve metrics at http://HOST:PORT/metrics instead of printing the stream.",
)
@click.option("--notify", is_flag=True, help="Tell alerts to the estate file's notifications. --listen does so always.")
@click.pass_obj
def command(
    invocation: Invocation, cluster: str | None, once: bool, listen: tuple[str, int] | None, notify: bool
) -> None:
    """The reading process by itself: frames, one JSON object a line, on standard output.

    The first frame says which estate it is, the second is a whole snapshot, then come changes. It ends when whoever
    started it or reads it is gone.

    Alerts go to the estate file's notifications from `watch --listen` and `watch --notify` alone, never from a console:
    run one of them, as a service.
    """
    if once and notify:
        end("Say either --once or --notify.", Exit.USAGE)
    if once and listen is not None:
        end("Say either --once or --listen.", Exit.USAGE)
    from dslsconsole.watch.reading import ListenError, UnknownClusterError, serve, stream, stream_once

    estate = invocation.estate()
    try:
        if listen is not None:
            asyncio.run(serve(estate, cluster, *listen))
        elif once:
            asyncio.run(stream_once(estate, cluster))
        else:
            asyncio.run(stream(estate, cluster, notify=notify, path=invocation.path()))
    except UnknownClusterError as error:
        end(str(error), Exit.USAGE)
    except ListenError as error:
        end(str(error), Exit.FINDINGS)
