"""Mid-semester: the primary loses its power in the busiest hour."""

from dslsconsole.lab.scenarios import scenario
from dslsconsole.lab.stage import Stage

PRIMARY, BACKUP = "dsls-primary-01", "dsls-backup-01"
KEPT = 0.85
"""The share of tokens in use that must survive: those who leave meanwhile are not lost."""


@scenario(
    "mid-semester-failover",
    "the primary loses its power in the busiest hour: the backup serves, nobody loses a licence, and it is failed back",
)
async def mid_semester_failover(stage: Stage) -> None:
    stage.at(14.0)
    await stage.until("the academic pool is nearly used up", lambda: stage.used("academic") >= 425)
    before = stage.used("academic")
    await stage.fault("node-down", PRIMARY)
    await stage.runs("failover", "--attest", PRIMARY)
    stage.expect("the backup alone serves", stage.truth["serving"] == [BACKUP], stage.truth["serving"])
    after = stage.used("academic")
    stage.expect("licences in use are kept", after >= KEPT * before, f"{before} tokens before, {after} after")
    granted = stage.truth["checkouts"]["granted"]
    await stage.until("people get licences again", lambda: stage.truth["checkouts"]["granted"] > granted)
    await stage.heal("node-down")
    await stage.until("the old primary does not serve when it comes back", lambda: unit(stage, PRIMARY) == "active")
    stage.expect("the backup still serves alone", stage.truth["serving"] == [BACKUP], stage.truth["serving"])
    await stage.runs("failback")
    stage.expect("the primary serves again", stage.truth["serving"] == [PRIMARY], stage.truth["serving"])
    await stage.until("it is used as before", lambda: stage.used("academic") >= KEPT * before)


def unit(stage: Stage, node: str) -> str:
    return str(stage.truth["nodes"][node]["unit"])
