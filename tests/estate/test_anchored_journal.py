"""The journal's head kept on a second host and in syslog: a tail that is cut off, head and all, is found."""

import hashlib
import json
import socket
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path

from dslsconsole.audit.access import failed, trials
from dslsconsole.journal import verify
from dslsconsole.journal.files import Head, head_bytes
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.record import directory_of
from dslsconsole.settings import load
from tests.estate import practising as p

ANCHORS = "/var/lib/dslsconsole/journal-anchors"


def say(lab: Lab, anchor: str) -> None:
    text = lab.estate_path.read_text()
    lab.estate_path.write_text(text.replace("\njournal:\n", f"\njournal:\n  anchor: {anchor}\n", 1))


async def verified(lab: Lab, *words: str) -> tuple[int, str]:
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "-c", str(lab.estate_path), "journal", "verify", *words),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


def cut(directory: Path, keep: int) -> None:
    """Cut the log's tail and set its head back, so that it is sound in itself."""
    (file,) = directory.glob("*.jsonl")
    lines = file.read_bytes().splitlines()[:keep]
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    (directory / "head").write_bytes(head_bytes(Head(keep, hashlib.sha256(lines[-1]).hexdigest())))


async def test_a_cut_tail_is_found_by_the_anchors_on_another_host(lab: Lab, tmp_path: Path) -> None:
    said = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(said))
        say(lab, f"{{host: {p.ARBITRATOR}, syslog: {said}}}")
        assert failed(await trials(load(lab.estate_path))) == ()
        status, _ = await verified(lab)
        assert status == 1, "what can't be compared is not sound"

        assert (await p.command(lab, *p.confirmed("checkout-test")))[0] == 0
        syslog.setblocking(False)
        told = syslog.recv(4096).decode()
    directory = directory_of(load(lab.estate_path))
    (line,) = lab.world.hosts[p.ARBITRATOR].read(ANCHORS).decode().splitlines()
    (file,) = directory.glob("*.jsonl")
    last = file.read_bytes().splitlines()[-1]
    assert line.split()[2:4] == [str(json.loads(last)["seq"]), hashlib.sha256(last).hexdigest()]
    assert f"dslsconsole: {line}" in told
    status, words = await verified(lab)
    assert (status, "is sound" in words) == (0, True), words

    kept = tmp_path / "messages"
    kept.write_text(f"Jan  1 12:00:00 jump-01 {told[told.index('dslsconsole') :]}\n".replace("\0", ""))
    assert (await verified(lab, "--anchors", str(kept)))[0] == 0
    cut(directory, 3)
    assert verify(directory) == ()
    status, words = await verified(lab)
    assert (status, f"{p.ARBITRATOR}:{ANCHORS} knows that since" in words) == (1, True), words
    assert "the log was cut or replaced" in words
    await lab.fault("node-down", p.ARBITRATOR)
    status, words = await verified(lab, "--anchors", str(kept))
    assert (status, str(kept) in words, "can't be told" in words) == (1, True, True), words


async def test_anchors_that_can_t_be_put_are_said_and_change_no_outcome(lab: Lab, tmp_path: Path) -> None:
    say(lab, f"{{host: {p.ARBITRATOR}, path: /nowhere/anchors, syslog: {tmp_path}/none}}")
    found = failed(await trials(load(lab.estate_path)))
    assert {trial.what for trial in found} == {"anchors", "syslog"}
    status, document = await p.command(lab, *p.confirmed("checkout-test"))
    assert (status, document["outcome"]) == (0, "done")
    assert any(f"was not put on {p.ARBITRATOR}" in line for line in document["card"]), document["card"]
    assert any("was not told to syslog" in line for line in document["card"])
