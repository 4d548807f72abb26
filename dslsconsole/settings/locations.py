"""Where the estate file is looked for, and how paths on the console's own host are written."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from dslsconsole.settings.findings import NoEstate, shown

_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")


def locate(option: str | None, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Path:
    """The estate file to use: what -c or DSLSCONSOLE_CONFIG names, else the first that exists.

    A file that was named is returned whether it exists or not: `load` says what is wrong with it.

    Raises:
        NoEstate: none was named and none exists.
    """
    environment = os.environ if env is None else env
    named = option or environment.get("DSLSCONSOLE_CONFIG")
    if named:
        return Path(named).expanduser()
    places = (
        (cwd or Path()) / "dslsconsole.yaml",
        _user_directory(environment) / "estate.yaml",
        Path("/etc/dslsconsole/estate.yaml"),
    )
    for place in places:
        if place.exists():
            return place
    looked = ", ".join(shown(str(place)) for place in places)
    raise NoEstate(
        f"No estate file: looked for {looked}. Name one with -c FILE or DSLSCONSOLE_CONFIG, or try the practice "
        "estate with `dslsconsole demo`."
    )


def user_estate_file(env: Mapping[str, str] | None = None) -> Path:
    """Where the user's own estate file lies, or would."""
    return _user_directory(os.environ if env is None else env) / "estate.yaml"


def _user_directory(environment: Mapping[str, str]) -> Path:
    configured = environment.get("XDG_CONFIG_HOME", "")
    # The XDG base directory specification says that a relative path is to be ignored.
    return (Path(configured) if Path(configured).is_absolute() else Path("~/.config").expanduser()) / "dslsconsole"


def runbook_files(directory: str | None, env: Mapping[str, str] | None = None) -> dict[str, Path]:
    """The files of the site's own runbooks by name: those of a directory, by default `runbooks` beside the user's
    estate file. A default directory that does not exist holds none.

    Raises:
        ValueError: the directory's path names a variable or user that is not known.
        OSError: the directory can't be read.
    """
    place = _user_directory(os.environ if env is None else env) / "runbooks"
    if directory is not None:
        place = expand(directory, env)
    elif not place.exists():
        return {}
    return {file.stem: file for file in sorted(place.iterdir()) if file.suffix == ".yaml"}


def expand(path: str, env: Mapping[str, str] | None = None) -> Path:
    """A path on the console's own host with ~ and $VAR replaced.

    Raises:
        ValueError: it names a variable that is not set, or the home directory of an unknown user.
    """
    environment = os.environ if env is None else env

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in environment:
            raise ValueError(f"names ${name}, which is not set; set it, or write the path out")
        return environment[name]

    replaced = _VARIABLE.sub(value, path)
    try:
        return Path(replaced).expanduser()
    except RuntimeError:
        raise ValueError(f"names a home directory that is not known: {shown(path)}; write the path out") from None
