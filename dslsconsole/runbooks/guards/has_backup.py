"""Is there a backup to bring tokens to?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "at least one node runs as backup"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    targets = case.names("targets")
    if targets:
        return passed(f"{', '.join(targets)} run{'s' if len(targets) == 1 else ''} as backup")
    return failed("no node says that it runs as backup", "Start a backup and let it join.")
