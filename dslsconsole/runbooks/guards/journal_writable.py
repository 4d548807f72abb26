"""Can what is done be written down? Nothing runs that can't."""

from dslsconsole.journal import Journal, JournalError
from dslsconsole.runbooks.guard import Case, Judged, failed, passed
from dslsconsole.settings import expand

NEEDED = "the action log of this machine can be written"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    directory = expand(case.ground.estate.journal.directory)
    try:
        Journal(directory, case.clock).check()
    except JournalError as error:
        return failed(str(error), "Mend that first: a step is written down before it runs.")
    return passed(f"{directory} can be written")
