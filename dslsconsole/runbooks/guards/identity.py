"""Is every node that is acted on the one that the estate file means?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.unread import why

NEEDED = "every node that is acted on tells its own name: its licence server's, or its host's"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    told, wrong, silent = [], [], []
    for name in case.names("acts_on"):
        node = case.node(name)
        said = node.cluster.value.node if node.cluster.value else None
        host = node.hostname.value
        if said is not None and said != name:
            wrong.append(f"{name} calls its licence server {said}")
        elif said == name or (host is not None and host.split(".")[0] == name.split(".")[0]):
            told.append(f"{name} (host {host})")
        else:
            silent.append(f"{name} (host {host})" if host else why(case, name))
    if wrong:
        return failed("; ".join(wrong), "Correct the addresses in the estate file: a command would reach another host.")
    if silent:
        return unknown(f"{'; '.join(silent)}: it did not tell its name", "Find out which host answers there.")
    return passed(", ".join(told) or "no node is acted on directly")
