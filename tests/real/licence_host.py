"""What the tests' hosts run in the place of `DSLicSrv` and `systemctl`: one script, one state for all hosts.

Who it is comes from the environment that the host's sshd sets: DSLS_NODE, and DSLS_STATE for the directory. There,
`state.json` holds what all hosts are. A file `hold/NODE VERB` keeps a command waiting until it is removed, and the
command makes `held/NODE VERB` to tell so; `refuse/NODE VERB` makes it fail.
"""

import fcntl
import json
import os
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOLD_S = 40.0
PRIMARIES = ("primary", "dr-primary")
Node = dict[str, Any]
State = dict[str, Node]


class Ended(Exception):  # noqa: N818 - a command's end
    """A command's exit status and last words."""

    def __init__(self, status: int, words: str = "") -> None:
        super().__init__(words)
        self.status = status


@contextmanager
def locked(directory: Path) -> Iterator[State]:
    """The state of all hosts, written back when the block ends."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = directory / "state.json"
        state: State = json.loads(path.read_text())
        yield state
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(state))
        beside.rename(path)


def wait_or_refuse(directory: Path, node: str, verb: str) -> None:
    """Do what the test asked of this command."""
    if (directory / "refuse" / f"{node} {verb}").exists():
        raise Ended(1, f"ERROR: {verb} is refused")
    hold = directory / "hold" / f"{node} {verb}"
    if hold.exists():
        (directory / "held" / hold.name).touch()
        deadline = time.monotonic() + HOLD_S
        while hold.exists() and time.monotonic() < deadline:
            time.sleep(0.02)


def option(words: list[str], name: str, default: str = "") -> str:
    return words[words.index(name) + 1] if name in words else default


def at(state: State, where: str) -> Node:
    port = int(where.rpartition(":")[2])
    for node in state.values():
        if node["port"] == port and node["running"]:
            return node
    raise Ended(3, f"ERROR: {where} cannot be reached")


def members(state: State, node: Node) -> list[Node]:
    return [one for one in state.values() if one["site"] == node["site"]]


def cluster(state: State, own: Node) -> dict[str, Any]:
    votes = [one for one in members(state, own) if one["running"]]
    needed = 2 if own["site"] == "main" else 1
    peers = [
        {
            "node": one["name"],
            "port": one["port"],
            "role": one["role"] if one["running"] else "unknown",
            "state": "running" if one["running"] else "unreachable",
            **({"sync": "ok", "lag_s": 2} if one["running"] and one["role"] == "backup" else {}),
        }
        for one in members(state, own)
        if one is not own
    ]
    quorum = {"held": len(votes) >= needed, "votes": len(votes), "members": len(members(state, own)), "needed": needed}
    return {
        "cluster": "real", "node": own["name"], "role": own["role"], "state": "running", "epoch": own["epoch"],
        "quorum": quorum, "split_brain": False, "peers": peers,
    }  # fmt: skip


def tokens(own: Node) -> dict[str, Any]:
    if own["mode"] == "arbitrator":
        raise Ended(1, "ERROR: arbitrator holds no tokens")
    used = own["generation"] % 100
    pool = {"name": "commercial", "total": 100, "used": used, "available": 100 - used, "queued": 0, "peak": used}
    return {"node": own["name"], "generation": own["generation"], "taken_at": time.time(), "pools": [pool]}


def promote(state: State, own: Node, force: bool) -> str:
    others = [one["name"] for one in state.values() if one["running"] and one["role"] in PRIMARIES and one is not own]
    if others and not force:
        raise Ended(1, f"ERROR: {others[0]} serves as primary")
    if not cluster(state, own)["quorum"]["held"] and not force:
        raise Ended(1, "ERROR: no quorum")
    own["role"] = "primary" if own["site"] == "main" else "dr-primary"
    epoch = max(one["epoch"] for one in state.values()) + 1
    for one in state.values():
        if one["running"]:
            one["epoch"] = epoch
    return f"Promoted: {own['name']} epoch={epoch}"


def demote(own: Node) -> str:
    if own["role"] in PRIMARIES:
        own["role"] = "backup" if own["site"] == "main" else "dr-backup"
    return f"Demoted: {own['name']}"


def checksum(body: str) -> str:
    """Of the state's bytes, which are opaque: a quick one, because hashlib takes longer to import than all the rest."""
    return f"{zlib.crc32(body.encode()):08x}"


def exported(own: Node) -> str:
    body = json.dumps({"generation": own["generation"]})
    return f"DSLS-STATE 1 generation={own['generation']} sha256={checksum(body)}\n{body}"


def imported(own: Node, text: str, force: bool) -> str:
    head, _, body = text.partition("\n")
    if not head.startswith("DSLS-STATE 1 ") or checksum(body.strip()) not in head:
        raise Ended(1, "ERROR: the state is damaged")
    generation = int(json.loads(body)["generation"])
    if generation < own["generation"] and not force:
        raise Ended(1, "ERROR: the state is older than what is here")
    own["generation"], own["synced_at"] = generation, time.time()
    return f"Imported: generation={generation}"


def verified(own: Node) -> str:
    lag = time.time() - own["synced_at"]
    result = "OK" if own["synced_at"] else "NEVER"
    if result != "OK":
        raise Ended(1, "DR Sync: NEVER")
    return f"DR Sync: OK\nLag: {lag:.0f}s\nGeneration: {own['generation']}\nLicense Files: 2 (checksums match)"


def licence_server(state: State, own: Node, words: list[str]) -> str:
    """`DSLicSrv`."""
    verb, stdin = words[0], sys.stdin
    if verb == "-validate":
        return "License: valid (expires 2030-03-31)"
    if verb == "-verify-dr-sync":
        return verified(own)
    if verb == "-import-state":
        return imported(own, stdin.read(), "-force" in words)
    asked = at(state, option(words, "-server")) if "-server" in words else own
    if not asked["running"]:
        raise Ended(3, "ERROR: local server does not run")
    if verb == "-status":
        return f"Server Status: Running\nNode: {asked['name']}\nUptime: 60\nLicense File: valid (expires 2030-03-31)"
    if verb == "-cluster-status":
        return json.dumps(cluster(state, asked))
    if verb == "-tokens":
        return json.dumps(tokens(asked))
    if verb == "-export-state":
        return exported(own)
    if verb == "-promote-to-primary":
        return promote(state, own, "-force" in words)
    if verb == "-demote-to-backup":
        return demote(own)
    if verb in ("-sync-tokens", "-force-sync"):
        pushed = json.load(stdin) if verb == "-sync-tokens" else tokens(own)
        at(state, option(words, "-target"))["generation"] = pushed["generation"]
        return f"Sync: {'OK' if verb == '-sync-tokens' else 'FORCED'} generation={pushed['generation']}"
    if verb == "-test-checkout":
        if own["role"] not in PRIMARIES:
            raise Ended(1, "ERROR: not primary")
        return f"Checkout: OK {words[1]} {words[2]}"
    raise Ended(2, f"ERROR: unknown command {verb}")


def systemctl(state: State, own: Node, words: list[str]) -> str:
    """`systemctl`, of the licence server's own unit and of loops."""
    if words[0] == "show":
        names = [word for number, word in enumerate(words[1:], 1) if word[0] != "-" and words[number - 1] != "-p"]
        return "\n".join(block(own, name) for name in names)
    unit = words[-1]
    running = words[0] == "start"
    if unit == own["unit"]:
        if running and not own["running"]:
            own["role"] = {"arbitrator": "arbitrator", "primary": "backup", "dr-primary": "dr-backup"}.get(
                own["mode"], own["mode"]
            )
        own["running"] = running
    elif unit in own["units"]:
        own["units"][unit] = running
    else:
        raise Ended(5, f"Failed to {words[0]} {unit}: Unit {unit} not found.")
    return ""


def block(own: Node, unit: str) -> str:
    known = unit == own["unit"] or unit in own["units"]
    active = own["running"] if unit == own["unit"] else own["units"].get(unit, False)
    return (
        f"Id={unit}\nLoadState={'loaded' if known else 'not-found'}\nActiveState={'active' if active else 'inactive'}\n"
        f"SubState={'running' if active else 'dead'}\nResult=success\nMainPID={4242 if active else 0}\nNRestarts=0\n"
        f"StateChangeTimestamp=@{time.time() - 60:.0f}\nUnitFileState=enabled\n"
    )


def main() -> int:
    directory, name = Path(os.environ["DSLS_STATE"]), os.environ["DSLS_NODE"]
    program, words = sys.argv[1], sys.argv[2:]
    try:
        wait_or_refuse(directory, name, words[0] if program == "DSLicSrv" else f"systemctl-{words[0]}")
        with locked(directory) as state:
            answer = (licence_server if program == "DSLicSrv" else systemctl)(state, state[name], words)
    except Ended as end:
        if words[0] == "-verify-dr-sync":
            print(end)
        else:
            print(end, file=sys.stderr)
        return end.status
    if answer:
        print(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
