"""Can the main site take the service back?"""

from dslsconsole.runbooks.guard import Case, Judged, Result, failed, passed
from dslsconsole.runbooks.guards.storage_mounted import mounted_on

NEEDED = "every main node is reached and its service stopped, and storage is mounted on its first"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    wrong = []
    for name in case.ground.main_nodes:
        node = case.node(name)
        if not node.reached:
            wrong.append(f"{name} is not reached")
        elif not node.stopped:
            wrong.append(f"{name} is not proven stopped ({node.unit.value or node.life.text})")
    first = case.text("main_primary")
    if first is not None and not wrong:
        storage = mounted_on(case, first)
        if storage.result is not Result.PASS:
            wrong.append(storage.reading)
    if wrong:
        return failed("; ".join(wrong), "Repair the main site first; stop services that run there.")
    return passed(f"{', '.join(case.ground.main_nodes)} are reached and stopped")
