"""Can the DR site's load balancers be read and changed?"""

from dslsconsole.runbooks.guard import Case, Judged
from dslsconsole.runbooks.guards.load_balancers_changeable import of_site

NEEDED = "every load balancer of the DR site answers, knows the servers, and lets itself be changed"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    return of_site(case, case.ground.dr_balancers, "dr_balancers")
