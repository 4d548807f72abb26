"""Is the storage mounted on the source? An unmounted source looks empty, and an empty source empties the copy."""

from dslsconsole.runbooks.guard import Case, Judged, unknown
from dslsconsole.runbooks.guards.storage_mounted import mounted_on

NEEDED = "each storage path on the source is a mount of its own, of the right type and source"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    source = case.text("primary")
    if source is None:
        return unknown("no single primary is known, so there is no source", "See the guard about the primary.")
    return mounted_on(case, source)
