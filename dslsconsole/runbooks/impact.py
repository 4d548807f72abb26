"""What an operation means for users, from the survey's own readings."""

from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground


def impact(survey: Survey, ground: Ground) -> tuple[str, ...]:
    """Sentences about tokens in use, queues, sessions and loops; what is not known is said to be unknown."""
    told = [*_tokens(survey), *_sessions(survey, ground)]
    return tuple(told) or ("How many users are affected is not known: no serving node could be read.",)


def _tokens(survey: Survey) -> list[str]:
    for name in survey.primaries() or tuple(survey.nodes):
        state = survey.nodes[name].tokens.value
        if state is None:
            continue
        told = []
        for pool in state.pools:
            used = "unknown" if pool.used is None else str(pool.used)
            queue = "unknown" if pool.queued is None else str(pool.queued)
            told.append(f"Pool {pool.name}: {used} of {pool.total} tokens in use, {queue} users in the queue ({name}).")
        return told
    return []


def _sessions(survey: Survey, ground: Ground) -> list[str]:
    told = []
    for name, balancer in survey.balancers.items():
        if name not in ground.main_balancers and not survey.primaries(tuple(ground.dr_nodes)):
            continue
        if (backend := balancer.backend.value) is not None:
            counts = ", ".join(
                f"{server.name} {'unknown' if server.sessions is None else server.sessions}"
                for server in backend.servers
            )
            told.append(f"Sessions on {name}: {counts}.")
    return told
