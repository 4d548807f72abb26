"""keepalived.conf as text: what real files say, and that its password is kept from everybody."""

from pathlib import Path

import msgspec
import pytest

from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.keepalived.configuration import Script, parse_keepalived

SAMPLE = Path(__file__).parents[1] / "fixtures" / "samples" / "keepalived" / "guide.conf"


def test_the_guides_own_file() -> None:
    config = parse_keepalived(SAMPLE.read_text())
    (instance,) = config.instances
    assert (instance.name, instance.state, instance.interface) == ("VI_1", "MASTER", "eth0")
    assert (instance.router_id, instance.priority, instance.advert_s, instance.nopreempt) == (51, 101, 1.0, False)
    assert (instance.addresses, instance.auth_type, instance.auth_length) == (("192.168.1.100",), "PASS", 12)
    ((script, weight),) = config.scripts_of(instance)
    assert (script.name, script.command, weight) == ("chk_haproxy", "/bin/kill -0 `cat /var/run/haproxy.pid`", 2)
    assert (script.needs_shell, script.only_looks_for_a_process) == (True, True)
    assert (config.script_security, config.script_user) == (False, None)


def test_the_password_is_in_nothing_that_comes_out() -> None:
    config = parse_keepalived(SAMPLE.read_text())
    assert "dsls_ha" not in repr(config)
    assert b"dsls_ha" not in msgspec.json.encode(config)


def digest(password: str) -> str | None:
    text = f"vrrp_instance a {{\n authentication {{\n auth_type PASS\n auth_pass {password}\n }}\n}}\n"
    return parse_keepalived(text).instances[0].auth_digest


def test_passwords_are_compared_by_what_counts_of_them() -> None:
    assert digest("dsls_ha_2024") == digest("dsls_ha_2025") != digest("dsls_hb_2024")


def test_braces_comments_and_weights_wherever_they_stand() -> None:
    config = parse_keepalived(
        "! a comment { not a block\nglobal_defs { enable_script_security\n script_user nobody }\n"
        'vrrp_script a\n{\n  script "/bin/x # no comment" # one\n  weight -5\n}\n'
        "vrrp_track_process haproxy {\n process haproxy\n}\n"
        "vrrp_instance V {\n nopreempt\n virtual_ipaddress {\n 10.0.0.1/24 dev eth0\n fe80::1/64\n }\n"
        " track_script { a weight -30 }\n track_process {\n haproxy\n }\n unicast_peer {\n 10.0.0.2\n }\n}\n"
    )
    (instance,) = config.instances
    assert (config.script_security, config.script_user, config.processes) == (True, "nobody", ("haproxy",))
    assert instance.addresses == ("10.0.0.1", "fe80::1")
    assert (instance.nopreempt, instance.unicast, instance.priority) == (True, True, 100)
    assert instance.tracks == (("a", -30), ("haproxy", None))
    assert [(script.command, weight) for script, weight in config.scripts_of(instance)] == [
        ("/bin/x # no comment", -30)
    ]


@pytest.mark.parametrize(
    ("command", "needs_shell", "only_process"),
    [
        ("/usr/bin/killall -0 haproxy", False, True),
        ("/usr/bin/pidof haproxy", False, True),
        ("/bin/sh -c '/bin/kill -0 `cat /run/haproxy.pid`'", False, True),
        ("/usr/bin/timeout 2 /bin/bash -c '</dev/tcp/127.0.0.1/27000'", False, False),
        ("/usr/local/bin/check | grep -q ok", True, False),
        ("/etc/keepalived/check.sh", False, False),
    ],
)
def test_what_a_script_is_worth(command: str, needs_shell: bool, only_process: bool) -> None:
    script = Script("x", command)
    assert (script.needs_shell, script.only_looks_for_a_process) == (needs_shell, only_process)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing at all"),
        ("hello\n", "no block"),
        ("vrrp_instance a {\n", "not closed"),
        ("}\n", "closes nothing"),
        ("{\n", "belongs to nothing"),
        ("include /etc/keepalived/more.conf\n", "include"),
        ("$VIP=10.0.0.1\nvrrp_instance a {\n}\n", "not followed"),
        ("@lb1 priority 1\n", "not followed"),
        ("vrrp_instance a {\n" * 20, "too deep"),
    ],
)
def test_what_can_not_be_judged_says_so(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse_keepalived(text)
