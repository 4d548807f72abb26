"""DR sync with rsync and ssh as they are, from one real host to another, with a key that lies on the source."""

import pytest

from tests.real.acting import acting
from tests.real.real_estate import CLUSTER, DR_BACKUP, DR_PRIMARY, PRIMARY, RealEstate

pytestmark = pytest.mark.real


def names(estate: RealEstate, directory: str) -> set[str]:
    return {path.name for path in (estate.directory / directory).iterdir()}


async def test_files_and_state_arrive_and_what_is_excluded_stays(estate: RealEstate) -> None:
    (estate.directory / "copy" / "old.lic").write_text("removed at the source\n")
    (estate.directory / "copied" / "dr-site.conf").write_text("the DR site's own\n")
    (estate.directory / "config" / "dr-site.conf").write_text("not the DR site's\n")
    ran = await estate.run("dr-sync")
    assert ran.status == 0, str(ran)
    assert names(estate, "copy") == {"dsls.lic"}
    assert names(estate, "copied") == {"dsls.conf", "dr-site.conf"}
    assert (estate.directory / "copied" / "dr-site.conf").read_text() == "the DR site's own\n"
    truth = estate.truth()
    assert {truth[node]["generation"] for node in (PRIMARY, DR_PRIMARY, DR_BACKUP)} == {4812}


async def test_what_would_empty_the_copy_is_refused(estate: RealEstate) -> None:
    for name in ("one", "two", "three"):
        (estate.directory / "copy" / f"{name}.lic").write_text("only here\n")
    before = names(estate, "copy")
    async with acting(estate) as steps:
        assert "max_delete" in await steps.refused("copy-files", PRIMARY, node=DR_PRIMARY, files="0")
        (estate.directory / "source" / "dsls.lic").unlink()
        for name in ("one", "two"):
            (estate.directory / "copy" / f"{name}.lic").unlink()
        assert "empty source" in await steps.refused("copy-files", PRIMARY, node=DR_PRIMARY, files="0")
        (estate.directory / "source").rmdir()
        assert "No such file" in await steps.refused("copy-files", PRIMARY, node=DR_PRIMARY, files="0")
    assert names(estate, "copy") == {"three.lic"} < before


async def test_a_source_that_is_not_mounted_is_refused(estate: RealEstate) -> None:
    estate.cluster["storage"]["paths"] = {"licenses": str(estate.directory / "source")}
    estate.write()
    ran = await estate.run("dr-sync")
    assert ran.status == 10, str(ran)
    guards = {guard["name"]: guard for guard in ran.report["guards"]}
    assert guards["source_mounted"]["result"] == "fail"
    assert "is not mounted" in guards["source_mounted"]["reading"]
    assert not names(estate, "copy")
    refused = await estate.console("run", "dr-sync", CLUSTER, "--reason", "r", "--override", "source_mounted")
    assert refused.status == 10, refused
    assert "can't be overridden" in refused.stdout


async def test_why_a_copy_fails_is_said_in_sshs_own_words(estate: RealEstate) -> None:
    known = estate.directory / "known"
    line = next(text for text in known.read_text().splitlines() if f":{estate.sshds[DR_PRIMARY].port} " in text)
    async with acting(estate) as steps:
        await steps.do("copy-files", PRIMARY, node=DR_PRIMARY, files="0")
        assert (await steps.check("files-same", PRIMARY, node=DR_PRIMARY, files="0")).ok is True
        known.write_text(known.read_text().replace(f"{line}\n", ""))
        for action in ("copy-files", "transfer-state"):
            said = await steps.refused(action, PRIMARY, node=DR_PRIMARY, files="0")
            assert "Host key verification failed" in said
        estate.sshds[DR_BACKUP].process.terminate()
        await estate.sshds[DR_BACKUP].process.wait()
        for action in ("copy-files", "transfer-state"):
            assert "Connection refused" in await steps.refused(action, PRIMARY, node=DR_BACKUP, files="0")


async def test_an_export_that_fails_is_never_imported(estate: RealEstate) -> None:
    before = estate.truth()[DR_PRIMARY]
    estate.refuse(PRIMARY, "-export-state")
    async with acting(estate) as steps:
        assert "refused" in await steps.refused("transfer-state", PRIMARY, node=DR_PRIMARY)
        (estate.directory / "state" / "refuse" / f"{PRIMARY} -export-state").unlink()
        estate.refuse(DR_PRIMARY, "-import-state")
        assert "-import-state is refused" in await steps.refused("transfer-state", PRIMARY, node=DR_PRIMARY)
    assert estate.truth()[DR_PRIMARY] == before
