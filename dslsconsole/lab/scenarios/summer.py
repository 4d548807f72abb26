"""Summer session: hosts are maintained one after another."""

from dslsconsole.lab.scenarios import scenario
from dslsconsole.lab.stage import Stage

PRIMARY, BACKUP = "dsls-primary-01", "dsls-backup-01"
FIRST, SECOND = "haproxy-01", "haproxy-02"


@scenario(
    "summer-maintenance",
    "backup, load balancer and primary are maintained in turn, each out of service first; all is as before after it",
)
async def summer_maintenance(stage: Stage) -> None:
    stage.at(5.0)
    before = standing(stage)
    await stage.params("quarantine", node=BACKUP)
    await restarted(stage, BACKUP)
    stage.expect("the backup stays out when its host is restarted", unit(stage, BACKUP) == "inactive")
    await stage.params("quarantine-end", node=BACKUP)
    await stage.params("vip-move", to=SECOND, after="leave")
    stage.expect("the address is on the other load balancer", holders(stage) == [SECOND], holders(stage))
    await stage.params("vip-move", to=FIRST)
    stage.expect("the address is back", holders(stage) == [FIRST], holders(stage))
    await stage.runs("failover")
    stage.expect("the backup serves", stage.truth["serving"] == [BACKUP], stage.truth["serving"])
    await restarted(stage, PRIMARY)
    stage.expect("it goes on serving alone", stage.truth["serving"] == [BACKUP], stage.truth["serving"])
    await stage.runs("failback")
    await stage.until("all is as before", lambda: standing(stage) == before)


async def restarted(stage: Stage, host: str) -> None:
    await stage.fault("node-down", host)
    await stage.heal("node-down")
    await stage.until(f"{host} is back", lambda: stage.truth["nodes"][host]["power"] == "on")


def unit(stage: Stage, node: str) -> str:
    return str(stage.truth["nodes"][node]["unit"])


def holders(stage: Stage) -> list[str]:
    balancers = stage.truth["load_balancers"]
    return [name for name in (FIRST, SECOND) if balancers[name]["holds_vip"]]


def standing(stage: Stage) -> dict[str, object]:
    """Roles, units, loops, what is set on the load balancers, and who holds the address."""
    truth = stage.truth
    return {
        "nodes": {name: (node["unit"], node["role"], node["automation"]) for name, node in truth["nodes"].items()},
        "servers": {
            name: {server: state["admin"] for server, state in balancer["servers"].items()}
            for name, balancer in truth["load_balancers"].items()
        },
        "holders": holders(stage),
    }
