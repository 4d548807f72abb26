"""Can the load balancer that gets the service address serve users?"""

from dslsconsole.model.balancer import ServerState
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "HAProxy of the load balancer that gets the address answers, and finds the primary's server UP"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    target, primary = case.text("target"), case.text("primary")
    if target is None:
        known = ", ".join(case.ground.main_balancers) or "none that the estate file names"
        return failed("it is not known which load balancer is meant", f"Say --param to=NAME, one of {known}.")
    if primary is None:
        return unknown("no single primary serves at this site", "Moving the address helps nobody: look at the nodes.")
    seen = case.survey.balancers[target]
    server = seen.server(case.ground.server_name(target, primary))
    if server is None:
        return unknown(f"{target}: {seen.why or f'it has no server for {primary}'}", "Bring its HAProxy back first.")
    words = f"{target}: {server.name} is {server.status}{f' ({server.check})' if server.check else ''}"
    if server.state in (ServerState.UP, ServerState.NO_CHECK):
        return passed(words)
    return failed(words, "Users would meet a load balancer that sends them nowhere: make its server ready first.")
