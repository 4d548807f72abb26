"""Does the other site not serve? A server started beside it may take its old role again, and both give out licences."""

from dslsconsole.model.node import Mode
from dslsconsole.runbooks.evidence import accounted
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.unread import named, remedy

NEEDED = "the other site serves not, by its nodes' word, proof of death or attestation; or the node's own site serves"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    name = case.text("node")
    if name is None:
        return unknown("no node was named", "See the guard about the node.")
    main = name in case.ground.main_nodes
    home, away = (case.ground.main_nodes, case.ground.dr_nodes)[:: 1 if main else -1]
    serving = case.survey.primaries(tuple(away))
    if serving:
        way = "dr-return brings the service back" if main else "dr-activate moves the service to the DR site"
        return failed(f"{', '.join(serving)} serves at the other site", f"Leave it as it is: {way}.")
    if own := case.survey.primaries(tuple(home)):
        return passed(f"{', '.join(own)} serves at {name}'s own site")
    silent = [
        other
        for other, node in away.items()
        if node.mode is not Mode.ARBITRATOR
        and case.node(other).role is None
        and not accounted(case.survey, case.ground, other, case.attested)
    ]
    if silent:
        return unknown(
            f"{named(case, silent)} did not say whether it serves",
            remedy(case, silent, "Ask it first.", "If its host can't be asked and is really down, say so:"),
        )
    return passed("no node of the other site serves" if away else "the estate file names one site")
