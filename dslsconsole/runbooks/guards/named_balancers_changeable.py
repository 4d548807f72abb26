"""Can the load balancers that are meant be read and changed?"""

from dslsconsole.runbooks.guard import Case, Judged, failed
from dslsconsole.runbooks.guards.load_balancers_changeable import of_site

NEEDED = "every load balancer that is meant answers, knows the server, and lets itself be changed"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    wanted = case.names("wanted_balancers")
    if not wanted:
        return failed("no such load balancer serves this node", "Name one of the estate file by balancer=.")
    return of_site(case, wanted, "balancers")
