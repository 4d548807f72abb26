"""A new semester begins: calendar and pools are set, and far more people come than there are licences."""

from dslsconsole.lab.scenarios import scenario
from dslsconsole.lab.stage import Stage

LOOKS = 20
PRIMARY, BACKUP = "dsls-primary-01", "dsls-backup-01"


@scenario(
    "new-semester-capacity",
    "calendar and pools are set; a rush that uses up all licences is seen and told, and nothing fails over",
)
async def new_semester_capacity(stage: Stage) -> None:
    stage.at(9.0)
    await stage.runs("academic-calendar")
    await stage.runs("academic-ha")
    await stage.runs("academic-balancing")
    await stage.fault("tokens-exhausted")
    await stage.until("people queue for academic licences", lambda: queued(stage) > 0)
    for _ in range(LOOKS):  # people bring licences back, too: a reading may meet one that was free for a moment
        status, said = await stage.program("status")
        alerts = {alert["id"] for cluster in said["clusters"] for alert in cluster["alerts"]}
        if "tokens_exhausted" in alerts:
            break
    stage.expect("it is told that licences are used up", "tokens_exhausted" in alerts, f"status {status}: {alerts}")
    stage.expect("the primary goes on serving alone", stage.truth["serving"] == [PRIMARY], stage.truth["serving"])
    await stage.params("academic-ha", ends=10, primary_pool="100")
    pools = [set(stage.truth["nodes"][node]["used"]) for node in (PRIMARY, BACKUP)]
    stage.expect("the backup holds the same pools", pools[0] == pools[1], pools)
    await stage.heal("tokens-exhausted")
    await stage.until("the queue is gone when the rush is over", lambda: queued(stage) == 0)


def queued(stage: Stage) -> int:
    return sum(
        feature.queued for feature in stage.lab.world.nodes[PRIMARY].server.tokens.pools["academic"].features.values()
    )
