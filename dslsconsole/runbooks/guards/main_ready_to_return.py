"""Can the main site take the service back?"""

from dslsconsole.runbooks.guard import Case, Judged, Result, failed, passed
from dslsconsole.runbooks.guards.storage_mounted import mounted_on
from dslsconsole.runbooks.unread import why

NEEDED = "every main node is reached and does not serve, and storage is mounted on the configured primary"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    told, wrong = [], []
    for name in case.ground.main_nodes:
        node = case.node(name)
        if not node.reached:
            wrong.append(why(case, name))
        elif node.serves:
            wrong.append(f"{name} says that it is primary")
        else:
            told.append(f"{name} {'is stopped' if node.stopped else 'will be stopped first'}")
    first = case.text("main_primary")
    if first is not None and not wrong:
        storage = mounted_on(case, first)
        if storage.result is not Result.PASS:
            wrong.append(storage.reading)
    if wrong:
        return failed("; ".join(wrong), "Repair the main site first.")
    return passed("; ".join(told))
