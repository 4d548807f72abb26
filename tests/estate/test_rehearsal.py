"""A rehearsal runs the runbook on a model of the estate, tells how it went, and leaves the estate itself alone."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from dslsconsole.lab.practice import Lab
from dslsconsole.model import frames
from tests.estate import practising as p

PROGRAM = ("-m", "dslsconsole")


async def said(*words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *PROGRAM, *words),
        stdin=asyncio.subprocess.PIPE,  # it ends at once
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(b""), 120)
    return process.returncode or 0, out.decode(), err.decode()


def untouched(lab: Lab) -> dict[str, Any]:
    truth = lab.truth()
    return {key: truth[key] for key in ("primaries", "serving", "dns", "notifications", "faults")}


async def test_a_failover_of_a_dead_primary_is_rehearsed_and_nothing_real_moves(lab: Lab) -> None:
    await lab.fault("service-killed", p.PRIMARY)
    before = untouched(lab)
    status, out, err = await said("-c", str(lab.estate_path), "run", "failover", p.CLUSTER, "--rehearse", "--json")
    report = json.loads(out)
    assert (status, report["outcome"], err) == (0, "done", "")
    assert report["rehearsal"]["text"].startswith("REHEARSAL on a model")
    assert report["rehearsal"]["unlike"] == []
    names = {step["name"]: step["outcome"] for step in report["steps"]}
    promoted = [outcome for name, outcome in names.items() if p.BACKUP in name and "promote" in name]
    assert promoted == ["done"], names
    assert all(step["seconds"] is not None for step in report["steps"] if step["outcome"] == "done")
    assert untouched(lab) == before
    assert p.locks(lab) == []
    journal = lab.directory / "journal"
    assert not journal.exists() or not any(path.stat().st_size for path in journal.rglob("*") if path.is_file())


async def test_what_is_refused_there_is_refused_in_the_rehearsal(lab: Lab) -> None:
    await lab.fault("node-down", p.BACKUP)
    status, out, _ = await said("-c", str(lab.estate_path), "run", "failover", p.CLUSTER, "--rehearse")
    assert status == 10
    assert out.startswith("REHEARSAL on a model: a practice estate on this machine")
    assert "fail    target_ready" in out or "unknown target_ready" in out
    assert out.endswith("That was the rehearsal.\n")


async def test_a_rehearsal_needs_no_reason_and_goes_with_no_other_way_to_run(lab: Lab) -> None:
    for words in (("--dry-run",), ("--plan", "abc")):
        status, _, err = await said("-c", str(lab.estate_path), "run", "failover", p.CLUSTER, "--rehearse", *words)
        assert status == 64
        assert "--rehearse goes with none of --dry-run, --every and --plan." in err


async def test_a_practice_estate_is_started_from_what_watch_printed(lab: Lab, tmp_path: Path) -> None:
    await lab.fault("service-killed", p.PRIMARY)
    status, out, _ = await said("-c", str(lab.estate_path), "watch", "--once")
    assert status == 0
    read = tmp_path / "read.jsonl"
    read.write_text(out.replace(p.PRIMARY, "lic-a"))
    assert frames.decode(out.splitlines()[0].encode()) is not None
    words = ("lab", "up", "--until-eof", "--like", str(read), "--directory", str(tmp_path / "twin"))
    status, out, err = await said(*words)
    assert (status, err) == (0, "")
    assert out.startswith(f"ready {tmp_path / 'twin' / 'estate.yaml'}")
    status, _, err = await said(*words[:-2], "--directory", str(tmp_path / "other"), "--cluster", "nowhere")
    assert status == 64
    assert err.startswith("--like: there is no cluster nowhere in what was read, but production-cluster")
