"""The machine that a process runs on, as the practice estate's code knows a host: its real files and its clock."""

import time
from pathlib import Path

from dslsconsole.lab.accounts import ROOT
from dslsconsole.lab.host import Host
from dslsconsole.lab.network import Network


class OwnMachine(Host):
    """A host whose `/` is the real one. Its programs, shells and power are the kernel's."""

    def __init__(self, name: str, network: Network) -> None:
        super().__init__(name, Path("/"), network, clock=time.time, accounts=(ROOT,))

    def _furnish(self) -> None:
        """Nothing: the disk is furnished already."""

    def write(self, path: str, content: str | bytes, *, mode: int = 0o644, owner: str = "root") -> None:
        """Replace a file at once, so that a crash leaves the old one or the new one."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.new")
        new.write_bytes(content.encode() if isinstance(content, str) else content)
        new.chmod(0o666)
        new.replace(target)
