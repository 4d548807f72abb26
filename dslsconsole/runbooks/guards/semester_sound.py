"""Are the semester's days known and in order, and is it not over?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "a first day before a last day that is not past"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    start, end, asked = case.text("start"), case.text("end"), case.text("semester")
    academic = case.ground.cluster.academic
    known = ", ".join(one.name for one in academic.semesters) if academic else ""
    if asked is not None and (academic is None or asked not in {one.name for one in academic.semesters}):
        return failed(
            f"the estate file has no semester {asked}", f"It has {known or 'none'}; or say start= and end= yourself."
        )
    if start is None or end is None:
        return unknown("the semester's days are not known", "Say --param start=DAY and end=DAY, or name semesters.")
    words = f"{start} to {end}"
    if start >= end:
        return failed(f"{words} ends before it begins", "Say the first day first.")
    if (today := case.text("today")) is not None and end < today:
        return failed(f"{words} is over, today is {today}", "Say another semester.")
    return passed(words)
