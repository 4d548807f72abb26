"""`dslsconsole replay`: play a recorded session, compare it with today's screens, or tell what happened in it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option, theme_option

if TYPE_CHECKING:
    from dslsconsole.sessions.reading import Recording

Made = TypeVar("Made")


@click.command(
    epilog="Example: dslsconsole replay --list, then dslsconsole replay 20270118T031500Z-ada.dslsrec\n\n"
    "Exit status of --check: 0 the same screens, 1 a difference."
)
@estate_option
@click.argument("file", required=False)
@click.option("--list", "as_list", is_flag=True, help="The recordings there are: who, when, how long, what happened.")
@click.option("--check", "as_check", is_flag=True, help="Compare today's screens with the recorded ones.")
@click.option(
    "--export",
    metavar="FILE",
    help="Write a timeline in Markdown (FILE.md, or - for standard output), what was seen for asciinema (FILE.cast), "
    "or a picture (FILE.svg, with --at).",
)
@click.option(
    "--at",
    metavar="TIME",
    multiple=True,
    help="Of a picture (may be repeated) or of --practice: 12:03:10, or +90 for seconds.",
)
@click.option(
    "--practice",
    "as_practice",
    is_flag=True,
    help="Start a practice estate as it stood at the time of --at, and the console on it.",
)
@click.option(
    "--to-script", metavar="FILE.yaml", help="Write a script of the keys that were pressed; - for standard output."
)
@click.option(
    "--scrub",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a copy for others, in which users, hosts and addresses have other names.",
)
@click.option("--headless", is_flag=True, help="Of a script: run it as a test, without a terminal.")
@click.option("--pictures", metavar="DIR", type=click.Path(path_type=Path), help="Of a script: where screenshots go.")
@click.option("--json", "as_json", is_flag=True, help="Of --list and --check: JSON.")
@theme_option
@click.pass_obj
def command(
    invocation: Invocation,
    file: str | None,
    as_list: bool,
    as_check: bool,
    export: str | None,
    at: tuple[str, ...],
    as_practice: bool,
    to_script: str | None,
    scrub: Path | None,
    headless: bool,
    pictures: Path | None,
    as_json: bool,
    theme: str | None,
) -> None:
    """Play a recorded session: nothing is connected to, and nothing can be run.

    A script (FILE.yaml) drives a console on a practice estate of its own instead, to be watched or as a test;
    `config/scripts/` has some.
    """
    if as_list:
        _list(invocation, as_json)
        return
    if file is None:
        end("Which recording? `dslsconsole replay --list` names them.", Exit.USAGE)
    if file.endswith((".yaml", ".yml")):
        from dslsconsole.commands.scripts import run

        run(Path(file), headless=headless, pictures=pictures, theme=theme)
        return
    with _opened(invocation, file) as recording:
        if as_practice:
            from dslsconsole.commands.practising import practise

            practise(recording, at, theme)
        elif as_check:
            _check(recording, as_json)
        elif export is not None:
            _export(recording, export, at)
        elif to_script is not None:
            _to_script(recording, to_script)
        elif scrub is not None:
            _scrub(recording, scrub)
        else:
            _play(recording, theme)


def _directory(invocation: Invocation) -> Path:
    from dslsconsole.settings import expand

    return expand(invocation.estate().recordings.directory)


def _opened(invocation: Invocation, name: str) -> Recording:
    """The file of that name; one that is not there is looked for among the recordings of the estate file."""
    from dslsconsole.sessions.reading import Recording
    from dslsconsole.sessions.recording import NotARecording

    path = Path(name)
    if not path.exists() and path.name == name:
        path = _directory(invocation) / name
    try:
        return Recording(path)
    except NotARecording as why:
        end(str(why), Exit.USAGE)
    except OSError as error:
        end(f"{path}: {error.strerror}. `dslsconsole replay --list` names the recordings.", Exit.USAGE)


def _list(invocation: Invocation, as_json: bool) -> None:
    from dslsconsole.sessions.telling import listed

    directory = _directory(invocation)
    found = list(listed(directory))
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(found).decode())
        return
    if not found:
        click.echo(f"There is no recording in {directory}.")
    from datetime import UTC, datetime, timedelta

    from dslsconsole.tui.render.words import clean

    for one in found:
        if one.started_at is None or one.seconds is None:
            click.echo(clean(f"{one.name}  {one.failure}"))
            continue
        began = datetime.fromtimestamp(one.started_at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        alerts = "1 alert" if one.alerts == 1 else f"{one.alerts} alerts"
        lasted = timedelta(seconds=int(one.seconds))
        click.echo(clean(f"{one.name}  {one.operator} on {one.host}  {began}  {lasted}  {alerts}"))
        for line in (*one.operations, *([one.failure] if one.failure else [])):
            click.echo(clean(f"    {line}"))


def _check(recording: Recording, as_json: bool) -> None:
    from dslsconsole.sessions.recording import NotARecording
    from dslsconsole.tui.checking import check
    from dslsconsole.tui.start import themes

    try:
        checked = asyncio.run(check(recording, themes()))
    except (NotARecording, ValueError) as damage:
        end(str(damage), Exit.FINDINGS)
    found = checked.difference
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(checked).decode())
    elif not checked.screens:
        click.echo("It holds no screen to compare: a shared (scrubbed) copy, or one of a few seconds, has none.")
    elif found is None:
        click.echo(f"{checked.screens} screens are as they were recorded.")
    else:
        from datetime import UTC, datetime

        at = datetime.fromtimestamp(found.at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        click.echo(f"The screen is another one at {at}Z, in {found.place} (screen {checked.screens}):")
        for line in found.lines:
            click.echo(line)
    sys.exit(Exit.FINDINGS if found is not None or not checked.screens else Exit.OK)


def _export(recording: Recording, to: str, at: tuple[str, ...]) -> None:
    from dslsconsole.sessions.telling import report

    if to == "-" or to.endswith(".md"):
        _written("--export", to, report(recording))
    elif to.endswith(".cast"):
        from dslsconsole.tui.casting import cast
        from dslsconsole.tui.start import themes

        _written("--export", to, (line.decode() for line in _of(cast(recording, themes()))))
    elif to.endswith(".svg"):
        _pictures(recording, Path(to), at)
    else:
        end(f"--export {to}: a name that ends in .md, .cast or .svg is needed, or - for standard output", Exit.USAGE)


def _pictures(recording: Recording, to: Path, at: tuple[str, ...]) -> None:
    from dslsconsole.tui.casting import pictures
    from dslsconsole.tui.render.player import moment_in
    from dslsconsole.tui.start import themes

    moments = []
    for text in at:
        if (moment := moment_in(text, recording.started_at)) is None:
            end(f"--at {text}: a time is written as 12:03:10, or +90 for seconds from the beginning", Exit.USAGE)
        moments.append(moment)
    if not moments:
        end("--export FILE.svg needs --at TIME: of which moment?", Exit.USAGE)
    for number, picture in enumerate(_of(pictures(recording, themes(), moments)), 1):
        path = to if len(moments) == 1 else to.with_stem(f"{to.stem}-{number}")
        _written("--export", str(path), [picture.rstrip("\n")])


def _to_script(recording: Recording, to: str) -> None:
    from dslsconsole.sessions.as_script import script_of

    if to != "-" and not to.endswith((".yaml", ".yml")):
        end(f"--to-script {to}: a name that ends in .yaml is needed, or - for standard output", Exit.USAGE)
    _written("--to-script", to, script_of(recording))


def _of(playing: Coroutine[Any, Any, list[Made]]) -> list[Made]:
    """What playing it made; ends with 1 where the recording is damaged."""
    from dslsconsole.sessions.recording import NotARecording

    try:
        return asyncio.run(playing)
    except (NotARecording, ValueError) as damage:
        end(str(damage), Exit.FINDINGS)


def _written(option: str, to: str, lines: Iterable[str]) -> None:
    from dslsconsole.sessions.recording import NotARecording

    try:
        with click.open_file(to, "w", encoding="utf-8") as out:
            for line in lines:
                out.write(line + "\n")
    except (NotARecording, ValueError) as damage:
        end(str(damage), Exit.FINDINGS)
    except BrokenPipeError:
        raise  # whoever reads has read enough
    except OSError as error:
        end(f"{option} {to}: {error.strerror}", Exit.USAGE)


def _scrub(recording: Recording, to: Path) -> None:
    from dslsconsole.sessions.recording import SUFFIX, NotARecording
    from dslsconsole.sessions.scrubbing import NotScrubbed, scrubbed

    if to.suffix != SUFFIX:
        end(f"--scrub {to}: a name that ends in {SUFFIX} is needed", Exit.USAGE)
    try:
        count = scrubbed(recording, to)
    except (NotARecording, NotScrubbed, ValueError) as why:
        end(f"No copy was made: {why}", Exit.FINDINGS)
    except OSError as error:
        end(f"--scrub {to}: {error.strerror}", Exit.USAGE)
    click.echo(f"{to}: {count} names of users, hosts and addresses have others there.")
    click.echo("What somebody wrote in their own words is as it was, but for those names: read it before you share it.")


def _play(recording: Recording, theme: str | None) -> None:
    from dslsconsole.runbooks.permission import who
    from dslsconsole.tui.start import NoTerminal, replay

    try:
        status = replay(recording, theme, reader=who().name)
    except (NoTerminal, ValueError) as refused:
        end(str(refused), Exit.USAGE)
    sys.exit(status)
