"""Would no client be sent to a server that refuses it?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "the server's node serves, or HAProxy has it as `backup` of the one that does"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    name = case.text("node")
    if name is None:
        return unknown("no node was named", "See the guard about the node.")
    drawing = case.names("drawing")
    if not drawing:
        return passed(f"{name} {'serves' if case.node(name).serves else 'takes nobody from the one that serves'}")
    return failed(
        f"{name} does not serve, and {', '.join(drawing)} would send it clients of the one that does",
        "Leave it in maintenance; failback gives it the service and its connections.",
    )
