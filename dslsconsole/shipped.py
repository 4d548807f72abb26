"""Files that travel with the product but stand beside the package in its repository."""

from pathlib import Path


def shipped(kind: str) -> Path:
    """The directory of shipped files called `kind`: `themes` or `config`.

    In a wheel they lie inside the package, in a checkout at its top level.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(__file__).parent
    for place in (package / kind, package.parent / kind):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{kind}: not found beside {package}; install dslsconsole again")
