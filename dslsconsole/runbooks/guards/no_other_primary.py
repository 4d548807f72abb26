"""Does no node serve as primary, besides the one that is dead?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "no node says that it is primary"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    primaries = case.survey.primaries()
    if primaries:
        return failed(f"{', '.join(primaries)} says that it is primary", "There is a primary: this is no emergency.")
    read = [name for name, node in case.survey.nodes.items() if node.role is not None]
    return passed(f"none of {', '.join(read) or 'the nodes that answer'} is primary")
