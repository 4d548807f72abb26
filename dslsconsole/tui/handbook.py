"""What the README shows, made from the running program: `python -m dslsconsole.tui.handbook`, in a checkout.

It writes the pictures that the README names to `.pictures/`, and the table of keys between its two marks.
"""

import argparse
import asyncio
import re
from pathlib import Path

from dslsconsole.tui.actions import Action, Guard, Place, offered
from dslsconsole.tui.pictures import picture, wanted

PICTURES = ".pictures"
BEGIN, END = "<!-- keys: made by python -m dslsconsole.tui.handbook -->", "<!-- end of keys -->"
_NEEDS = {Guard.NONE: "", Guard.CAN_ACT: "not read-only", Guard.ARMED: "armed"}
_REPLAY = "a recording"


def keys() -> str:
    """Every key of the console as a Markdown table, from the registry of actions."""
    rows = [
        f"| `{one.name_of_key}` | {one.id} | {one.description} | {_needs(one)} |"
        for one in offered(read_only=False, replay=True)
    ]
    return "\n".join(["| key | name | does | needs |", "|---|---|---|---|", *rows])


def _needs(one: Action) -> str:
    return _REPLAY if one.place is Place.REPLAY else _NEEDS[one.guard]


def shown(readme: str) -> list[str]:
    """The names of the pictures that the README shows, without directory and ending."""
    return re.findall(rf"\({re.escape(PICTURES)}/([a-z0-9-]+)\.svg\)", readme)


def with_keys(readme: str) -> str:
    """The README with the table of keys as it is now.

    Raises:
        ValueError: the two marks are not there.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{keys()}\n{END}{after}"


def make(root: Path) -> list[Path]:
    """Write pictures and keys; what was written."""
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(with_keys(text), encoding="utf-8")
    (root / PICTURES).mkdir(exist_ok=True)
    made = [readme]
    for name in shown(text):
        path = root / PICTURES / f"{name}.svg"
        path.write_text(asyncio.run(picture(wanted()[name])), encoding="utf-8")
        made.append(path)
    return made


def main() -> None:
    """Bring the README under the root that the command line names up to date."""
    parser = argparse.ArgumentParser(prog="python -m dslsconsole.tui.handbook", description=make.__doc__)
    parser.add_argument("root", nargs="?", default=".", type=Path, help="where README.md lies (%(default)s)")
    for written in make(parser.parse_args().root):
        print(written)


if __name__ == "__main__":
    main()
