"""What a host's own tools print: systemd, the interfaces, the mounts, dig."""

import pytest

from dslsconsole.model.node import DnsAnswer, Mount
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dns.read import parse_dig
from dslsconsole.systems.keepalived.read import parse_addresses
from dslsconsole.systems.storage.read import MountPoint, Space, mounts_at, parse_mountinfo, parse_statfs
from dslsconsole.systems.systemd.read import moment_of, parse_show

UNITS = """Id=dsls.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
MainPID=812
NRestarts=3
StateChangeTimestamp=@1767268800
UnitFileState=enabled

Id=gone.service
LoadState=not-found
ActiveState=inactive
SubState=dead
"""


def test_units_come_in_the_order_of_their_blocks() -> None:
    first, second = parse_show(UNITS)
    assert (first.unit, first.active, first.main_pid, first.restarts) == ("dsls.service", "active", 812, 3)
    assert first.since == 1_767_268_800.0
    assert (second.load, second.active, second.main_pid, second.restarts) == ("not-found", "inactive", None, None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("@1767268800", 1_767_268_800.0),
        ("@1767268800.123456", 1_767_268_800.0),
        ("Thu 2026-01-01 12:00:00 UTC", 1_767_268_800.0),
        ("Thu 2026-01-01 12:00:00 CET", None),
        ("n/a", None),
        ("", None),
    ],
)
def test_a_time_is_known_only_with_its_zone(text: str, moment: float | None) -> None:
    assert moment_of(text) == moment


def test_every_address_of_the_host_is_found() -> None:
    text = r"""1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever
2: eth0    inet 10.20.0.21/24 brd 10.20.0.255 scope global eth0\       valid_lft forever
2: eth0    inet 10.20.0.100/32 scope global secondary eth0\       valid_lft forever
2: eth0    inet6 FE80::1/64 scope link \       valid_lft forever
nonsense inet not-an-address/8"""
    assert parse_addresses(text) == ("127.0.0.1", "10.20.0.21", "10.20.0.100", "fe80::1")


MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /shared/dsls/licenses rw shared:5 - tmpfs tmpfs rw
31 30 0:41 / /shared/dsls/licenses rw,relatime shared:6 master:1 - nfs4 nas.example:/export/dsls\040lic rw,vers=4.2
32 22 0:42 / /with\040blank rw - ext4 /dev/vdb rw
"""


def test_the_last_mount_on_a_path_is_the_one_that_is_seen() -> None:
    found = parse_mountinfo(MOUNTS)
    assert found["/shared/dsls/licenses"] == MountPoint("nfs4", "nas.example:/export/dsls lic")
    assert found["/with blank"] == MountPoint("ext4", "/dev/vdb")


def test_a_directory_that_is_there_is_not_a_mount() -> None:
    paths = {"licenses": "/shared/dsls/licenses/", "state": "/shared/dsls/state"}
    spaces = {"/shared/dsls/licenses/": Space(True, 63), "/shared/dsls/state": Space(True, 31)}
    assert mounts_at(paths, parse_mountinfo(MOUNTS), spaces) == (
        Mount("licenses", paths["licenses"], True, "nfs4", "nas.example:/export/dsls lic", True, 63),
        Mount("state", paths["state"], False),
    )


def test_free_space_is_what_users_get() -> None:
    assert parse_statfs("1000 637 4096\n") == Space(True, 63)
    assert parse_statfs("0 0 4096") == Space(True, None)
    with pytest.raises(Unreadable):
        parse_statfs("stat: cannot read file system information: Stale file handle")


DIG = """
; <<>> DiG 9.18.49 <<>> +norecurse @10.20.0.53 dsls.company.com A
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1234
;; flags: qr aa; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1

;; QUESTION SECTION:
;dsls.company.com.      IN  A

;; ANSWER SECTION:
dsls.company.com.   60  IN  A   10.20.0.100
dsls.company.com.   30  IN  A   10.20.0.101

;; AUTHORITY SECTION:
company.com.   60  IN  A   192.0.2.1
"""


def test_an_answer_tells_addresses_and_authority() -> None:
    assert parse_dig(DIG) == DnsAnswer(("10.20.0.100", "10.20.0.101"), 30, True, "NOERROR")


def test_a_name_that_is_not_there_is_an_answer_too() -> None:
    text = ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n;; flags: qr; QUERY: 1, ANSWER: 0\n"
    assert parse_dig(text) == DnsAnswer((), None, False, "NXDOMAIN")


def test_no_reply_is_no_answer() -> None:
    with pytest.raises(Unreadable, match="no servers could be reached"):
        parse_dig(";; no servers could be reached\n")
