"""What would the copy delete at the DR site?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.systems.acting import Refused, Unfinished, Unreached
from dslsconsole.systems.rsync.act import rehearse

NEEDED = "a rehearsal finds files at the source, and no more deletions than max_delete allows"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    source = case.text("primary")
    if source is None:
        return unknown("no single primary is known, so there is no source", "See the guard about the primary.")
    told = []
    for copy in case.items("copies"):
        place = f"{copy['source']} → {copy['node']}"
        try:
            found = await rehearse(case.call(source, node=copy["node"], files=copy["files"]))
        except Refused as refusal:
            return failed(f"{place}: {refusal}", "Look at both directories; mount the source.")
        except (Unreached, Unfinished) as failure:
            return unknown(f"{place}: {failure}", "Find out why the source or the DR node does not answer.")
        if not found.files:
            return failed(f"{place}: the source holds no file", "Mount or mend the source first.")
        told.append(f"{place}: {found.files} files, {found.changes} changes, {found.deletions} deletions")
    return passed("; ".join(told) or "the estate file names no files to copy")
