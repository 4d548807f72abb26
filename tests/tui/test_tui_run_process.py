"""The process that acts: it outlives the console, can't be blocked by it, and its answer is understood or quoted."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from dslsconsole.tui.operation import Plan, Request, RunFailed, decoded
from dslsconsole.tui.run_process import RunProcess, StartedRun

REQUEST = Request("failover", "c", "why")
PLAN = Plan(runbook="failover", cluster="c", plan="abc", confirm="c", operation="op-1")


def runs(script: str) -> RunProcess:
    return RunProcess((sys.executable, "-c", script))


async def test_the_plan_is_what_the_dry_run_prints() -> None:
    script = (
        'import sys, json; print(json.dumps({"runbook": sys.argv[1], "steps": [{"name": sys.argv[-1]}]})); sys.exit(10)'
    )
    plan = await runs(script).plan(REQUEST)
    assert (plan.runbook, plan.status, plan.steps[0].name) == ("failover", 10, "--dry-run")
    assert not plan.may_run


async def test_what_is_no_plan_is_quoted() -> None:
    with pytest.raises(RunFailed, match=r"status 78: estate\.yaml:1:1: clusters: is needed"):
        await runs("import sys; sys.exit(sys.stderr.write('estate.yaml:1:1: clusters: is needed') and 78)").plan(
            REQUEST
        )


async def test_a_missing_program_issaid() -> None:
    with pytest.raises(RunFailed, match="can't be made: No such file"):
        await RunProcess(("/nonexistent",)).plan(REQUEST)
    with pytest.raises(RunFailed, match="nothing was changed"):
        RunProcess(("/nonexistent",)).start(REQUEST, PLAN)


async def test_the_run_gets_what_was_confirmed_and_a_session_of_its_own() -> None:
    script = (
        "import sys, os, json; own = str(os.getsid(0) == os.getpid());"
        "print(json.dumps({'outcome': 'done', 'runbook': ' '.join(sys.argv[1:]), 'cluster': own}))"
    )
    started = runs(script).start(REQUEST, PLAN)
    assert started.operation == "op-1"
    async with asyncio.timeout(30):
        ended = await started.ended()
    assert ended.runbook == "failover c --json --reason why --confirm c --plan abc --operation op-1"
    assert ended.cluster == "True"


async def test_a_run_that_prints_much_is_not_blocked() -> None:
    started = runs("import sys; sys.stderr.write('x' * 1_000_000); print('{\"outcome\": \"done\"}')").start(
        REQUEST, PLAN
    )
    async with asyncio.timeout(30):
        assert (await started.ended()).outcome == "done"


async def test_stop_interrupts_it(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = (
        # As the command does: where the tests were started in the background, the signal is ignored.
        "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"try:\n    open({str(ready)!r}, 'w').close()\n    time.sleep(60)\n"
        'except KeyboardInterrupt:\n    print(\'{"outcome": "rolled_back"}\')'
    )
    started = runs(script).start(REQUEST, PLAN)
    async with asyncio.timeout(30):
        while not ready.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        started.stop()
        assert (await started.ended()).outcome == "rolled_back"


async def test_giving_up_on_it_leaves_it_running(tmp_path: Path) -> None:
    started = runs("import time; time.sleep(60)").start(REQUEST, PLAN)
    assert isinstance(started, StartedRun)
    waiting = asyncio.create_task(started.ended())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    process = started._process
    try:
        os.kill(process.pid, 0)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        started._output.close()
        started._errors.close()


@pytest.mark.parametrize("output", [b"", b"[]", b'{"steps": 3}', b"\xff\xfe", b"null"])
def test_an_answer_that_can_not_be_read_is_an_error_in_words(output: bytes) -> None:
    with pytest.raises(RunFailed, match="status 3"):
        decoded(output, 3, "")


def test_a_run_that_was_killed_is_told_by_its_signal() -> None:
    with pytest.raises(RunFailed, match=r"^the run was ended by signal 9$"):
        decoded(b"", -9, "")


def test_members_that_are_missing_or_new_do_no_harm() -> None:
    plan = decoded(b'{"runbook": "r", "hologram": 1, "guards": [{"name": "g"}]}', 0, "")
    assert plan.guards[0].result == "unknown"
    assert not plan.may_run


def asks(script: str) -> RunProcess:
    return RunProcess(("/nonexistent", "run"), (sys.executable, "-c", script))


async def test_what_runs_is_asked_and_told() -> None:
    (one,) = await asks(
        "import sys, json; print(json.dumps([{'operation': sys.argv[1], 'cluster': 'c', 'state': 'unfinished'}]))"
    ).operations()
    assert (one.operation, one.running) == ("--json", False)


async def test_runbooks_are_told_with_what_is_wrong_with_others() -> None:
    script = (
        'import sys, json; assert sys.argv[1:] == ["runbooks", "--json"];'
        'print(json.dumps({"runbooks": [{"name": "a", "origin": "site"}], "findings": ["b.yaml:1:1: x: y"]}));'
        "sys.exit(78)"
    )
    told = await RunProcess((sys.executable, "-c", script, "run")).runbooks()
    assert (told.runbooks[0].name, told.findings) == ("a", ("b.yaml:1:1: x: y",))
    with pytest.raises(RunFailed, match="which runbooks there are"):
        await RunProcess((sys.executable, "-c", "print('no')", "run")).runbooks()


async def test_stopping_tells_what_wassaid_and_fails_in_words() -> None:
    assert await asks("import sys; print(*sys.argv[1:])").stop("op-9") == "stop op-9"
    with pytest.raises(RunFailed, match=r"it was not asked to stop \(status 64\): does not run any more"):
        await asks("import sys; sys.stderr.write('does not run any more'); sys.exit(64)").stop("op-9")


async def test_taking_up_has_decision_confirmation_reason_and_a_session_of_its_own() -> None:
    script = (
        "import sys, os, json; own = str(os.getsid(0) == os.getpid());"
        "print(json.dumps({'outcome': 'done', 'runbook': ' '.join(sys.argv[1:]), 'cluster': own}))"
    )
    started = asks(script).resume("op-9", "undo", "c", "INC-1")
    async with asyncio.timeout(30):
        ended = await started.ended()
    assert started.operation == "op-9"
    assert ended.runbook == "resume op-9 --decide undo --confirm c --reason INC-1 --json"
    assert ended.cluster == "True"


def test_operations_are_asked_of_the_same_program() -> None:
    assert RunProcess(("python", "-m", "dslsconsole", "-c", "f", "run"))._operations[-2:] == ("f", "operations")
