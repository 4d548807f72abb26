"""Can every load balancer that knows the node be read and changed? A node that none knows needs none."""

from dslsconsole.runbooks.guard import Case, Judged, passed
from dslsconsole.runbooks.guards.load_balancers_changeable import of_site

NEEDED = "every load balancer that has a server for the node answers, and lets itself be changed"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    wanted = case.names("wanted_balancers")
    return of_site(case, wanted, "balancers") if wanted else passed("no load balancer has a server for it")
