"""Units' settings, fstab, the licence servers' files, kernel settings and the clock, as hosts print them."""

import pytest

from dslsconsole.model.reading import FailureKind
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dslicsrv.settings import parse_settings
from dslsconsole.systems.node.configuration import HAPROXY, Told, parse_kernel, parse_time
from dslsconsole.systems.node.probe import Answer, Section
from dslsconsole.systems.storage.fstab import parse_fstab, parse_mounted
from dslsconsole.systems.systemd import settings as systemd

UNIT = """Id=dsls-primary.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled
NeedDaemonReload=yes
Restart=always
RestartUSec=10s
StartLimitIntervalUSec=1min 30s
StartLimitBurst=5
RequiresMountsFor=/shared/dsls/licenses /shared/dsls/state

Id=other.service
LoadState=not-found
ActiveState=inactive
"""


def test_units_say_when_they_start() -> None:
    first, second = systemd.parse_settings(UNIT)
    assert (first.starts_at_boot, first.restart, first.restart_s, first.limit_s) == (True, "always", 10.0, 90.0)
    assert (first.limit_burst, first.stale, first.exists) == (5, True, True)
    assert first.mounts == ("/shared/dsls/licenses", "/shared/dsls/state")
    assert (second.exists, second.mounts, second.restart) == (False, None, "")
    with pytest.raises(Unreadable):
        systemd.parse_settings("Failed to connect to bus")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("100ms", 0.1), ("1h 2min", 3720.0), ("0", 0.0), ("infinity", None), ("", None), ("5 x", None)],
)
def test_systemds_times(text: str, seconds: float | None) -> None:
    assert systemd.span_of(text) == seconds


def test_fstab_and_what_is_mounted() -> None:
    entries = parse_fstab("# all\nfiler:/a /shared/a/ nfs hard,nofail 0 0\n\n/dev/sda1 / ext4\nbroken\n")
    assert [(entry.path, sorted(entry.options)) for entry in entries] == [
        ("/shared/a", ["hard", "nofail"]),
        ("/", ["defaults"]),
    ]
    mounted = parse_mounted("25 1 0:40 / /shared/a rw,relatime shared:1 - nfs4 filer:/a rw,vers=4.2,soft\n")
    assert mounted["/shared/a"].point.source == "filer:/a"
    assert {"soft", "rw", "relatime"} <= mounted["/shared/a"].options


def test_the_licence_servers_files() -> None:
    text = "# comment\nDSLS_PORT=27000\nexport DSLS_NODE_ID='dsls-primary-01'\nX = a b # no\nDSLS_PORT=27001\n"
    assert parse_settings(text) == {"DSLS_PORT": "27001", "DSLS_NODE_ID": "dsls-primary-01", "X": "a b"}
    assert parse_settings("# nothing\n") == {}
    with pytest.raises(Unreadable):
        parse_settings("<html>")


def test_kernel_and_clock() -> None:
    assert parse_kernel("/proc/sys/net/ipv4/ip_nonlocal_bind:1\n") == {"ip_nonlocal_bind": 1}
    time = parse_time("NTP=yes\nNTPSynchronized=no\n")
    assert (time.enabled, time.synchronised) == (True, False)
    with pytest.raises(Unreadable):
        parse_kernel("nothing")
    with pytest.raises(Unreadable):
        parse_time("System has not been booted with systemd")


@pytest.mark.parametrize(
    ("section", "kind", "words"),
    [
        (
            Section("cat: /etc/haproxy/haproxy.cfg: Permission denied\n", 1),
            FailureKind.PERMISSION,
            "setfacl -m u:dslsprobe:r /etc/haproxy/haproxy.cfg",
        ),
        (Section("cat: /etc/x.cfg: No such file or directory\n", 1), FailureKind.ABSENT, "there is no /etc/x.cfg"),
        (Section("", None), FailureKind.GARBLED, "longer than the probe passes on"),
        (Section("", 124), FailureKind.NO_ANSWER, "did not answer within 5 s"),
        (Section("what\x1b[2J\n", 0), FailureKind.GARBLED, "can't be judged"),
    ],
)
def test_why_a_file_is_not_known(section: Section, kind: FailureKind, words: str) -> None:
    told = Told("lb1", "dslsprobe", Answer({HAPROXY: section}), 1.0, 5)

    def refuse(text: str) -> str:
        raise Unreadable("it is odd")

    failure = told.of(HAPROXY, refuse).failure
    assert failure is not None
    assert failure.kind is kind
    assert words in failure.text
    assert failure.text.isprintable()


def test_an_older_probe_is_told_to_be_replaced() -> None:
    told = Told("lb1", "dslsprobe", Answer({}, frozenset({HAPROXY, "units=a"})), 1.0, 5)
    for word in (HAPROXY, "units"):
        failure = told.of(word, str).failure
        assert failure is not None
        assert "install the one of this version" in failure.text
