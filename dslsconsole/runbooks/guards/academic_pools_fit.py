"""Do the academic pools fit what the server has and what is in use?"""

from dslsconsole.runbooks.facts.settings import ACADEMIC, academic_pool
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "neither pool is larger than the academic pool's total, nor smaller than what is in use now"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    primary = case.text("primary")
    pool = academic_pool(case.survey, primary)
    sizes = {name: int(size) for name in ("primary_pool", "backup_pool") if (size := case.text(name)) is not None}
    if pool is None or pool.total is None or pool.used is None or len(sizes) < 2:
        return unknown(
            f"{primary or 'the primary'} tells no pool called {ACADEMIC} with its total and use",
            "Read the pools first: dslsconsole status.",
        )
    words = (
        f"primary {sizes['primary_pool']}, backup {sizes['backup_pool']}; the pool has {pool.total}, {pool.used} in use"
    )
    if over := [name for name, size in sizes.items() if size > pool.total]:
        return failed(f"{words}: {' and '.join(over)} is more than is licensed", "Give out no more than there is.")
    if under := [name for name, size in sizes.items() if size < pool.used]:
        return failed(
            f"{words}: {' and '.join(under)} is less", "Users would lose licences; wait until fewer are in use."
        )
    return passed(words)
