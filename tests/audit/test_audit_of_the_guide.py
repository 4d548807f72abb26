"""The high-availability guide's own files, word for word: the audit finds what is known to be wrong with them."""

from pathlib import Path

from dslsconsole.audit.findings import report
from dslsconsole.systems.dslicsrv.settings import parse_settings
from dslsconsole.systems.haproxy.configuration import parse_haproxy
from dslsconsole.systems.keepalived.configuration import parse_keepalived
from dslsconsole.systems.storage.fstab import parse_fstab
from tests.audit import sound
from tests.audit.sound import ARBITRATOR, BACKUP, LB1, LB2, PRIMARY, read

SAMPLES = Path(__file__).parents[1] / "fixtures" / "samples"
FSTAB = "".join(f"nfs-server:{path} {path} nfs defaults,_netdev 0 0\n" for path in sound.PATHS.values())

WRONG = {
    ("haproxy_checks_slow", LB1),
    ("haproxy_socket_no_admin", LB1),
    ("haproxy_page_open", LB1),
    ("haproxy_cuts_idle", LB1),
    ("haproxy_sessions_kept", LB1),
    ("haproxy_no_redispatch", LB1),
    ("haproxy_forgets", LB1),
    ("haproxy_lists_differ", LB2),
    ("vrrp_address_missing", LB1),
    ("licence_no_shared_path", BACKUP),
    ("licence_peers", ARBITRATOR),
    ("licence_acts_before_vote", BACKUP),
    ("licence_tokens_lapse", PRIMARY),
    ("licence_checks_overlap", ARBITRATOR),
    ("failover_cures_nothing", PRIMARY),
    ("failover_flaps", PRIMARY),
    ("storage_blocks_boot", PRIMARY),
}
OF_KEEPALIVED = {"vrrp_preempts", "vrrp_script_broken", "vrrp_script_not_allowed", "vrrp_password_cut"}


def of_mode(mode: str) -> str:
    return (SAMPLES / "dslicsrv" / f"{mode}.conf").read_text()


def test_what_is_wrong_with_the_guides_files_is_found() -> None:
    facts = sound.facts(sound.estate())
    facts = sound.with_host(facts, LB1, haproxy=read(parse_haproxy((SAMPLES / "haproxy" / "guide.cfg").read_text())))
    vrrp = (SAMPLES / "keepalived" / "guide.conf").read_text()
    facts = sound.with_host(facts, LB1, keepalived=read(parse_keepalived(vrrp)))
    for host, mode in ((PRIMARY, "primary"), (BACKUP, "backup"), (ARBITRATOR, "arbitrator")):
        facts = sound.with_host(facts, host, licence=read(parse_settings(of_mode(mode))))
    failover = read(parse_settings(of_mode("failover")))
    facts = sound.with_host(facts, PRIMARY, failover=failover, fstab=read(parse_fstab(FSTAB)))
    found = report(facts.estate, [facts], "now").findings
    assert {(one.rule, one.host) for one in found} == WRONG
    slow = [one.summary for one in found if one.rule == "haproxy_checks_slow"]
    assert slow[0] == "haproxy-01 may send clients to a dead dsls-primary for 180 s"


def test_what_is_wrong_with_the_guides_keepalived_shows_once_its_address_is_right() -> None:
    vrrp = (SAMPLES / "keepalived" / "guide.conf").read_text().replace("192.168.1.100", sound.VIP)
    facts = sound.facts(sound.estate())
    facts = sound.with_host(facts, LB1, keepalived=read(parse_keepalived(vrrp)))
    found = {one.rule for one in report(facts.estate, [facts], "now").findings}
    assert found == OF_KEEPALIVED | {"vrrp_pair_differs", "vrrp_weight_too_small"}
