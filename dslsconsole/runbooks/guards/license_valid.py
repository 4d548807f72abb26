"""Is the licence valid on the node that takes over?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "DSLicSrv -validate says valid on the node that takes over"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    target = case.text("target")
    if target is None:
        return unknown("no node that takes over is known", "See the guard about the target.")
    reading = case.node(target).license
    if reading.value is None or reading.value.license_valid is None:
        why = reading.failure.text if reading.failure else f"{target} did not say"
        return unknown(why, f"Run DSLicSrv -validate on {target}.")
    note = reading.value.license_note or (
        f"until {reading.value.license_expires}" if reading.value.license_expires else ""
    )
    verdict = "valid" if reading.value.license_valid else "INVALID"
    words = f"{target}: {note}" if note.lower().startswith(verdict.lower()) else f"{target}: {verdict} {note}".rstrip()
    if reading.value.license_valid:
        return passed(words)
    return failed(words, f"Install a valid licence on {target} first.")
