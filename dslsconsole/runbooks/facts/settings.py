"""Setting how the licence servers of the main site share academic pools, calendar and load."""

import datetime
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from dslsconsole.model.node import Pool
from dslsconsole.runbooks.facts import common, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.settings.schema import Semester
from dslsconsole.systems.ground import Ground

ACADEMIC = "academic"


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """Every answer that is not empty, by its name; `servers_to_set`, the primary last; and what the estate knows."""
    facts: dict[str, Fact] = {name: value for name, value in params.items() if value}
    serving = survey.primaries(tuple(ground.main_nodes))
    primary = serving[0] if len(serving) == 1 else None
    common.put(facts, "primary", primary)
    backups = common.backups(survey, ground)
    to_set = (*backups, *((primary,) if primary else ()))
    facts["servers_to_set"] = to_set
    facts["acts_on"] = to_set
    facts["set_on"] = words.listed(to_set)
    left = [name for name in common.candidates(ground) if name not in to_set]
    facts["not_set"] = f" Not set, because it does not run: {words.listed(left)}." if left else ""
    facts["features"] = ground.cluster.checkout_features
    _pools(facts, academic_pool(survey, primary))
    _semester(facts, survey, ground)
    return facts


def academic_pool(survey: Survey, primary: str | None) -> Pool | None:
    """The academic pool as the primary tells it; None where it tells none of that name."""
    state = survey.nodes[primary].tokens.value if primary else None
    return next((pool for pool in state.pools if pool.name.lower() == ACADEMIC), None) if state else None


def _pools(facts: dict[str, Fact], pool: Pool | None) -> None:
    """Without other answers, both servers may give out the whole academic pool: a backup that holds less of it could
    not go on where the primary was."""
    total = pool.total if pool else None
    if total is None:
        return
    facts.setdefault("primary_pool", str(total))
    facts.setdefault("backup_pool", facts["primary_pool"])
    if facts["backup_pool"] != facts["primary_pool"]:
        facts["pools_differ"] = True


def _semester(facts: dict[str, Fact], survey: Survey, ground: Ground) -> None:
    academic = ground.cluster.academic
    if academic is None:
        return
    today = datetime.datetime.fromtimestamp(survey.at, ZoneInfo(academic.timezone)).date()
    facts["today"] = today.isoformat()
    semester = _meant(academic.semesters, facts.get("semester"), today)
    if semester is not None:
        facts.setdefault("start", semester.start.isoformat())
        facts.setdefault("end", semester.end.isoformat())
    days = {(one.start.isoformat(), one.end.isoformat()) for one in academic.semesters}
    facts["not_of_estate"] = (facts.get("start"), facts.get("end")) not in days


def _meant(semesters: tuple[Semester, ...], name: object, today: datetime.date) -> Semester | None:
    """The semester of that name; without a name, the one that is now or comes next."""
    if name:
        return next((one for one in semesters if one.name == name), None)
    coming = [one for one in semesters if one.end >= today]
    return min(coming, key=lambda one: one.start, default=None)
