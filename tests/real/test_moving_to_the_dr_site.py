"""DR activation and return with BIND, nsupdate and dig as they are, and an endpoint that users are told by."""

import pytest

from tests.real.acting import acting
from tests.real.real_estate import (
    DR_ADDRESS,
    DR_LB,
    DR_PRIMARY,
    LB1,
    LB2,
    MAIN_ADDRESS,
    PRIMARY,
    RealEstate,
)

pytestmark = pytest.mark.real
THERE = {"old": MAIN_ADDRESS, "new": DR_ADDRESS}


async def test_activation_and_return(estate: RealEstate) -> None:
    estate.stop_main_site()
    for name in (LB1, LB2):
        await estate.balancers[name].until({"dsls-primary": "DOWN", "dsls-backup": "DOWN"})
    ran = await estate.run("dr-activate")
    assert ran.status == 0, str(ran)
    assert estate.primaries() == [DR_PRIMARY]
    assert await estate.names.addresses() == (DR_ADDRESS,)
    for name in (LB1, LB2):
        assert set((await estate.balancers[name].servers()).values()) == {"MAINT"}
    assert (await estate.balancers[DR_LB].servers())["dsls-dr-primary"] == "UP"
    (notice,) = estate.notices.received
    assert (notice["type"], notice["cluster"], notice["channels"]) == ("emergency", "production-cluster", ["email"])
    assert "authorization: bearer the-token" in estate.notices.headers[0].lower()
    assert estate.notices.addresses == [(DR_ADDRESS,)]
    assert "the-token" not in ran.stdout + ran.stderr

    estate.notices.status = 500
    ran = await estate.run("dr-return", "--param", "newer=fail")
    assert ran.status == 12, str(ran)
    assert "dr-return takes newer=overwrite" in ran.report["sentence"]
    assert estate.primaries() == [DR_PRIMARY]
    ran = await estate.run("dr-return")
    assert ran.status == 13, str(ran)
    assert "HTTP status 500: the users have not been told" in ran.stdout
    assert estate.primaries() == [PRIMARY]
    assert await estate.names.addresses() == (MAIN_ADDRESS,)
    for name in (LB1, LB2):
        assert set((await estate.balancers[name].servers()).values()) == {"UP"}
    assert estate.truth()[PRIMARY]["generation"] == 4809
    assert len(estate.notices.received) == 2


async def test_the_record_is_changed_and_read_back_on_the_server(estate: RealEstate) -> None:
    async with acting(estate) as steps:
        assert (await steps.check("record-is", DR_PRIMARY, address=MAIN_ADDRESS)).ok is True
        await steps.do("dns-update", DR_PRIMARY, **THERE)
        assert (await steps.check("record-is", DR_PRIMARY, address=DR_ADDRESS)).ok is True
        assert await estate.names.addresses() == (DR_ADDRESS,)
        said = await steps.refused("dns-update", DR_PRIMARY, **THERE)
        assert "somebody else changed it" in said
        assert await estate.names.addresses() == (DR_ADDRESS,)


async def test_a_record_that_somebody_else_changed_is_left_alone(estate: RealEstate) -> None:
    async with acting(estate) as steps:
        await steps.do("dns-update", DR_PRIMARY, old=MAIN_ADDRESS, new="203.0.113.9")
        said = await steps.refused("dns-update", DR_PRIMARY, **THERE)
        assert "somebody else changed it" in said
    assert await estate.names.addresses() == ("203.0.113.9",)
    estate.stop_main_site()
    ran = await estate.run("dr-activate")
    assert ran.status == 10, str(ran)
    guards = {guard["name"]: guard for guard in ran.report["guards"]}
    assert guards["record_known"]["result"] == "fail"
    assert "answers 203.0.113.9" in guards["record_known"]["reading"]
    assert estate.primaries() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key_file": "wrong"}, "does not accept the signature"),
        ({"key_file": "foreign"}, "does not let this key change dsls.company.test"),
        ({"key_file": None}, "does not let this key change dsls.company.test"),
        ({"key_file": "none"}, "can't be read there"),
        ({"zone": "other.test", "record": "dsls.other.test"}, "does not serve the zone other.test"),
        ({"port": 9}, "can't be reached"),
    ],
)
async def test_why_the_record_was_not_changed_is_said(
    estate: RealEstate, change: dict[str, str | int | None], told: str
) -> None:
    dns = estate.cluster["dr"]["dns"]
    dns |= change
    if isinstance(change.get("key_file"), str):
        dns["key_file"] = str(estate.directory / "named" / str(change["key_file"]))
    estate.write()
    async with acting(estate) as steps:
        said = await steps.refused("dns-update", DR_PRIMARY, **THERE)
        if "zone" in change or "port" in change:
            assert (await steps.check("record-is", DR_PRIMARY, address=MAIN_ADDRESS)).ok is None
    assert told in said
    assert await estate.names.addresses() == (MAIN_ADDRESS,)
