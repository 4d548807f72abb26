"""Finals week: the main site is lost."""

from dslsconsole.lab.scenarios import scenario
from dslsconsole.lab.stage import Stage

MAIN = ("dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01")
DR = "dr-dsls-01"
MAIN_ADDRESS, DR_ADDRESS = "10.20.0.100", "10.30.0.100"


@scenario(
    "finals-week-disaster",
    "the main site is lost in finals week: the DR site serves, clients are led there and users told once; it returns",
)
async def finals_week_disaster(stage: Stage) -> None:
    stage.at(10.0)
    await stage.runs("dr-sync")
    told = len(stage.truth["notifications"])
    for node in MAIN:
        await stage.fault("node-down", node)
    stage.expect("nobody serves", stage.truth["serving"] == [], stage.truth["serving"])
    await stage.runs("dr-activate", *(word for node in MAIN for word in ("--attest", node)))
    stage.expect("the DR site alone serves", stage.truth["serving"] == [DR], stage.truth["serving"])
    stage.expect("clients are led there", stage.truth["dns"]["addresses"] == [DR_ADDRESS], stage.truth["dns"])
    stage.expect("users were told once", len(stage.truth["notifications"]) == told + 1)
    granted = stage.truth["checkouts"]["granted"]
    await stage.until("students get licences", lambda: stage.truth["checkouts"]["granted"] > granted)
    await stage.heal("node-down")
    await stage.until("the main site's hosts are back", lambda: powers(stage) == {"on"})
    stage.expect("the DR site still serves alone", stage.truth["serving"] == [DR], stage.truth["serving"])
    await stage.runs("dr-return")
    stage.expect("the main site serves again", stage.truth["serving"] == [MAIN[0]], stage.truth["serving"])
    stage.expect("clients are led back", stage.truth["dns"]["addresses"] == [MAIN_ADDRESS], stage.truth["dns"])
    await stage.runs("dr-sync")


def powers(stage: Stage) -> set[str]:
    return {stage.truth["nodes"][node]["power"] for node in MAIN}
