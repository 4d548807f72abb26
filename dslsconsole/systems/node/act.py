"""Looking without changing: a step that only waits until its check says that something is so."""

from dslsconsole.systems.acting import Action, Call, Check

LOOKS = "(changes nothing: reads until it is so)"


async def _look(call: Call) -> str:
    return ""


ACTIONS = {"observe": Action(lambda call: (LOOKS,), _look, bound=0.0)}
CHECKS: dict[str, Check] = {}
