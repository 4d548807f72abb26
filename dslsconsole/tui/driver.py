"""What stands between Textual and the terminal."""

from typing import Any

from textual.drivers.linux_driver import LinuxDriver

from dslsconsole.tui.repertoire import Repertoire, characters


def driver_for(repertoire: Repertoire) -> type[LinuxDriver]:
    """The driver for a terminal that has these characters."""
    instead = characters(repertoire)

    class Driver(LinuxDriver):
        def write(self, data: str) -> None:
            super().write(data if instead is None or data.isascii() else data.translate(instead))

        def _sigcont_application(self, *told: Any) -> None:
            """Only what left the terminal in order comes back to it: Textual would read a second time beside itself
            after a SIGSTOP, which nobody hears of."""
            if self._must_signal_resume:
                super()._sigcont_application(*told)

    return Driver
