"""Does the zone's server answer with the address that is to be changed?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.systems.acting import checks

NEEDED = "the zone's own server answers, authoritatively, with an address of this cluster"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    if not case.facts.get("dns"):
        return passed("the estate file names no DNS record")
    host, main, dr = case.text("dns_host"), case.text("main_address"), case.text("dr_address")
    if host is None or main is None or dr is None:
        return unknown("no host of dns.run_on is reached", "Reach one: the update key lies there.")
    for address in (main, dr):
        checked = await checks()["record-is"](case.call(host, address=address))
        if checked.ok:
            return passed(checked.reading)
        if checked.ok is None:
            return unknown(checked.reading, "Look at the name server.")
    return failed(checked.reading, f"Somebody set another address: {main} or {dr} is expected.")
