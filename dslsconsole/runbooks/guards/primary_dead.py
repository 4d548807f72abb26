"""Is the primary that served last really dead?"""

from dslsconsole.runbooks.evidence import evidence
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.traffic import answering
from dslsconsole.runbooks.unread import let_in, why

NEEDED = "the host's own word that it is stopped; or two vantages, one at its own site or refused, and nobody answered"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    primary = case.text("primary")
    if primary is None:
        return unknown("it is not known who served last", "Reach the nodes; name the one that takes over by target=.")
    return await death(case, primary)


async def death(case: Case, node: str) -> Judged:
    """Whether the node's licence server is proven dead, or vouched for by the operator.

    A load balancer that still finds it UP tells of a check that may be minutes old, so that alone is no objection; it
    is one where users are answered through it now (sessions, bytes or the checks' health rise between two reads). Where
    nothing rises, the plan warns of the disagreement by the load balancer's name. Nobody waits for the next check:
    clients would wait too.
    """
    seen = evidence(case.survey, case.ground, node)
    if seen.directly_alive:
        said = "; ".join(one.text for one in seen.directly_alive)
        if seen.unread:
            return failed(f"{node} is alive: {said}; {why(case, node)}", let_in((node,)))
        return _alive(case, node, said)
    if seen.unread:
        return unknown(f"it is not known whether {node} serves: {seen.text}", let_in((node,)))
    if not seen.proven and node not in case.attested:
        return failed(
            f"{node} is not proven dead: {seen.text}",
            f"Look at {node} (console, power). If it is really down, say so: --attest {node}",
        )
    if seen.still_up and (served := await answering(case, node, seen.still_up)):
        return _alive(case, node, "; ".join(served))
    if seen.proven:
        return passed(f"{node} is dead: {seen.text}")
    return passed(f"{node} is down by the operator's word (--attest); observed: {seen.text}")


def _alive(case: Case, node: str, said: str) -> Judged:
    if node in case.attested:
        return failed(
            f"{node} answers, against the attestation: {said}",
            "It is not down: withdraw --attest, or take its server out by lb-maint first.",
        )
    return failed(f"{node} may be alive: {said}", "If it serves, run a planned failover; else stop it first.")
