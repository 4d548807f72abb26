"""Is there still a terminal? Where SIGHUP never comes, nobody else tells; and where it takes no more, nothing ends."""

import contextlib
import os
import select
import termios
import threading

ENDS_WITHIN_S = 3.0


def gone(descriptor: int) -> bool:
    """Whether the far end of a terminal has been closed.

    A program whose SIGHUP is ignored (`nohup`, some supervisors) would otherwise read its end for ever.
    """
    watch = select.poll()
    watch.register(descriptor, 0)  # POLLHUP, POLLERR and POLLNVAL are always told
    return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in watch.poll(0))


def has_shell_behind() -> bool:
    """Whether a shell would take the terminal over if this program were stopped, and could let it go on."""
    return os.getpgrp() != os.getsid(0)


class LastResort:
    """Ends the process some seconds after it was told to end, if it is still there.

    A terminal that takes no more bytes (a stopped `ssh`, a pager that froze) holds up the loop, and with it the orderly
    end. What runs on hosts has a process of its own and is not touched.

    Args:
        descriptor: the terminal, which gets back the settings it has now.
    """

    def __init__(self, descriptor: int, within_s: float = ENDS_WITHIN_S) -> None:
        self._descriptor = descriptor
        self._within_s = within_s
        self._timer: threading.Timer | None = None
        self._settings: list[object] | None = None
        with contextlib.suppress(termios.error):  # not a terminal: nothing to give back
            self._settings = termios.tcgetattr(descriptor)

    def expect_end(self, status: int) -> None:
        """From now on the process has that long to end by itself; then it ends with this status."""
        if self._timer is None:
            self._timer = threading.Timer(self._within_s, self._end, (status,))
            self._timer.daemon = True
            self._timer.start()

    def ended(self) -> None:
        """It ended in order."""
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, status: int) -> None:
        if self._settings is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._settings)  # type: ignore[arg-type]
        os._exit(status)
