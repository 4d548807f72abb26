"""Is every licence server of the main site stopped, dead beyond doubt, vouched for, or within reach to be stopped?"""

import asyncio

from dslsconsole.runbooks.evidence import evidence
from dslsconsole.runbooks.guard import Case, Judged, Result, failed, passed, unknown
from dslsconsole.runbooks.guards.primary_dead import death
from dslsconsole.runbooks.unread import remedy

NEEDED = "each main node is reached (it is stopped first), or dead by two vantages, one at its own site, or attested"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    told, wrong, unread = [], [], []
    silent = [name for name in case.ground.main_nodes if not case.node(name).reached]
    deaths = dict(zip(silent, await asyncio.gather(*(death(case, name) for name in silent)), strict=True))
    for name in case.ground.main_nodes:
        if name in case.attested and (alive := evidence(case.survey, case.ground, name).directly_alive):
            wrong.append(f"{name} answers, against the attestation ({alive[0].text})")
        elif case.node(name).reached:
            told.append(f"{name} {'is stopped' if case.node(name).stopped else 'will be stopped'}")
        else:
            judged = deaths[name]
            if judged.result is Result.UNKNOWN:
                unread.append(name)
            (told if judged.result is Result.PASS else wrong).append(judged.reading)
    if wrong:
        vouched = [name for name in case.names("attestable") if name in case.ground.main_nodes]
        first = "Look at them." if vouched or unread else "Look at them: no attestation helps."
        answer = unknown if len(unread) == len(wrong) else failed
        return answer("; ".join(wrong), remedy(case, (*vouched, *unread), first, "If they are really down, say so:"))
    return passed("; ".join(told))
