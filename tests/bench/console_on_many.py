"""The console on `tests.bench.thousand_nodes`, for measuring: `python -m tests.bench.console_on_many [SHARE]`."""

import sys
import time

from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.driver import driver_for
from dslsconsole.tui.repertoire import Repertoire
from dslsconsole.tui.source import WatchProcess
from dslsconsole.tui.start import themes


def main() -> None:
    argv = (sys.executable, "-m", "tests.bench.thousand_nodes", *sys.argv[1:])
    source = WatchProcess(argv, time.time)
    ConsoleApp(source, clock=time.time, themes=themes(), driver=driver_for(Repertoire.UNICODE)).run()


if __name__ == "__main__":
    main()
