"""Is everything silent that the operator attests to be down? Attesting the death of what answers is a mistake.

It is judged for every operation with an attestation, whether its runbook names it or not.
"""

from dslsconsole.runbooks.evidence import evidence, lets_nobody_in
from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "no host that is attested to be down answers: neither SSH, nor anybody who asks its licence server"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    answering = {name: told for name in sorted(case.attested) if (told := _answers(case, name)) is not None}
    if answering:
        words = " ".join(f"--attest {name}" for name in answering)
        return failed("; ".join(answering.values()), f"It is not down: look at it, and leave out {words}.")
    return passed(f"{', '.join(sorted(case.attested)) or 'nobody is attested to be down'}: nothing answers")


def _answers(case: Case, name: str) -> str | None:
    """What of the host answers, in words; None where nothing does."""
    node, alive = case.node(name), evidence(case.survey, case.ground, name).directly_alive
    if node.reached:
        server = "its licence server is stopped" if node.stopped else node.life.text
        return f"{name} answers SSH; {alive[0].text if alive else server}"
    if (failure := lets_nobody_in(case.survey, name)) is not None:
        return f"{name} answers SSH, and lets nobody in: {failure.text}"
    return f"{name} does not answer SSH, but {alive[0].text}" if alive else None
