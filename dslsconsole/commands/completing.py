"""What a shell completes: names, read from files alone and without looking whether they are sound.

Nothing is said of what is wrong, no connection is opened, and little is imported: somebody waits with a finger on Tab.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import yaml

from dslsconsole.commands import Invocation

PACKAGE = Path(__file__).parent.parent
LARGEST = 1024 * 1024
"""Bytes of an estate file that are worth reading for a name."""

Names = Callable[[click.Context], Iterable[str]]
Completing = Callable[[click.Context, click.Parameter, str], list[str]]


def clusters(context: click.Context) -> Iterable[str]:
    """The clusters of the estate file."""
    named = _estate(context).get("clusters")
    return named if isinstance(named, dict) else ()


def runbooks(context: click.Context) -> Iterable[str]:
    """The built-in runbooks and the site's own."""
    from dslsconsole.settings.locations import runbook_files

    section = _estate(context).get("runbooks")
    directory = section.get("directory") if isinstance(section, dict) else None
    names = _stems(PACKAGE / "runbooks" / "builtin")
    with suppress(OSError, ValueError):  # their directory is not there
        names += runbook_files(directory if isinstance(directory, str) else None)
    return names


def faults(_: click.Context) -> Iterable[str]:
    """The faults of the practice estate."""
    return _marked("faults", "fault")


def scenarios(_: click.Context) -> Iterable[str]:
    """The scenarios of the practice estate."""
    return _marked("scenarios", "scenario")


def themes(_: click.Context) -> Iterable[str]:
    """The colour themes, by their files."""
    import platformdirs

    from dslsconsole.shipped import shipped

    return [*_stems(shipped("themes")), *_stems(platformdirs.user_config_path("dslsconsole") / "themes")]


def completing(names: Names) -> Completing:
    """For `shell_complete`: those of the names that begin so. Where they can't be told there are none."""

    def complete(context: click.Context, _: click.Parameter, beginning: str) -> list[str]:
        try:
            found = {name for name in names(context) if isinstance(name, str) and name.startswith(beginning)}
        except (OSError, ValueError, click.ClickException):
            return []
        return sorted(found)

    return complete


def _estate(context: click.Context) -> dict[str, Any]:
    """The estate file as it stands there; empty where there is none that can be read."""
    from dslsconsole.settings import NoEstate, locate

    said = context.find_object(Invocation)
    try:
        path = locate(said.config if said is not None else None)
        if path.stat().st_size > LARGEST:
            return {}
        document = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (NoEstate, OSError, ValueError, yaml.YAMLError):
        return {}
    return document if isinstance(document, dict) else {}


def _stems(directory: Path) -> list[str]:
    return [file.stem for file in directory.glob("*.yaml")]


def _marked(package: str, mark: str) -> list[str]:
    """The names given to functions by a mark such as `@fault("node-down", …)`, read without importing their modules:
    those import every server of the practice estate."""
    pattern = re.compile(rf'^@{mark}\(\s*"([^"]+)"', re.MULTILINE)
    sources = (file.read_text(encoding="utf-8") for file in (PACKAGE / "lab" / package).glob("*.py"))
    return [name for source in sources for name in pattern.findall(source)]
