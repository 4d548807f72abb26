"""Every parser on every text: a value of its type or `Unreadable`, and nothing harmful in either."""

import json
import unicodedata
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dns.read import parse_dig
from dslsconsole.systems.dslicsrv.read import (
    parse_cluster_status,
    parse_sessions,
    parse_status,
    parse_tokens,
    parse_validate,
    parse_verify_dr_sync,
)
from dslsconsole.systems.dslicsrv.settings import parse_settings
from dslsconsole.systems.haproxy.configuration import parse_haproxy
from dslsconsole.systems.haproxy.read import parse_info, parse_stat
from dslsconsole.systems.keepalived.configuration import parse_keepalived
from dslsconsole.systems.keepalived.read import parse_addresses
from dslsconsole.systems.node.configuration import parse_kernel, parse_time
from dslsconsole.systems.storage.fstab import parse_fstab, parse_mounted
from dslsconsole.systems.storage.read import parse_mountinfo, parse_statfs
from dslsconsole.systems.systemd import settings as systemd_settings
from dslsconsole.systems.systemd.read import parse_show

PARSERS: dict[str, Callable[[str], object]] = {
    "status": lambda text: parse_status(text, 1e9),
    "cluster-status": parse_cluster_status,
    "tokens": parse_tokens,
    "verify-dr-sync": parse_verify_dr_sync,
    "validate": parse_validate,
    "sessions": parse_sessions,
    "systemctl show": parse_show,
    "show stat": lambda text: parse_stat(text, 1e9),
    "show info": lambda text: parse_info(text, 1e9),
    "ip addr": parse_addresses,
    "mountinfo": parse_mountinfo,
    "statfs": parse_statfs,
    "dig": parse_dig,
    "haproxy.cfg": parse_haproxy,
    "keepalived.conf": parse_keepalived,
    "systemctl show of settings": systemd_settings.parse_settings,
    "kernel": parse_kernel,
    "timedatectl": parse_time,
    "mountinfo with options": parse_mounted,
    "fstab": parse_fstab,
    "licence server's file": parse_settings,
}
MAY_BE_EMPTY = ("sessions", "fstab", "licence server's file")
WORDS = st.sampled_from(
    [
        "Server Status",
        "Role",
        "State",
        "Quorum",
        "Peer",
        "Pool",
        "Product",
        "In Use",
        "Total Tokens",
        "Epoch",
        "DR Sync",
        "License",
        "Uptime",
        "Lag",
        "Last Sync",
        "ActiveState",
        "StateChangeTimestamp",
        "Id",
        "Pid",
        "Uptime_sec",
    ]
)
VALUES = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.sampled_from(
        ["yes (3/3 votes, 2 needed)", "h:1 role=backup lag=2s", "\x1b[2J", "9" * 40, "@99999999999999999", "1e400"]
    ),
)
LINES = st.lists(st.tuples(WORDS, st.sampled_from([": ", "=", " : ", ":"]), VALUES).map("".join), max_size=8).map(
    "\n".join
)
JSON_KEYS = [
    "role",
    "state",
    "status",
    "epoch",
    "quorum",
    "peers",
    "pools",
    "name",
    "total",
    "features",
    "result",
    "lag_s",
]
JSONS = st.dictionaries(
    st.sampled_from([*JSON_KEYS, "node", "generation", "last_sync", "used"]),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(JSON_KEYS), inner, max_size=4)
        ),
        max_leaves=8,
    ),
    max_size=6,
).map(json.dumps)
HEADER = "# pxname,svname,status,type,weight,lastchg,check_status,bck,scur,"
TABLES = st.lists(st.lists(st.text(max_size=6), max_size=10).map(",".join), max_size=4).map(
    lambda rows: "\n".join((HEADER, *rows))
)
CONFIGURATION = [
    "global",
    "defaults",
    "backend b",
    "frontend f",
    "listen l from d",
    "server a b:1 check inter",
    "bind *:1",
    "stats admin if",
    "stats socket /x mode",
    "timeout check",
    "vrrp_instance a {",
    "vrrp_script s {",
    "track_script {",
    "virtual_ipaddress {",
    "authentication {",
    "}",
    "{",
    "priority",
    "auth_pass",
    "script",
    "weight",
    "LoadState=loaded\nRestartUSec=",
    "DSLS_PORT=",
    "/proc/sys/net/x:",
    "25 1 0:40 / /a rw - nfs4 f:/a",
]
CONFIGURATIONS = st.lists(
    st.one_of(
        st.sampled_from(CONFIGURATION),
        st.tuples(st.sampled_from(CONFIGURATION), VALUES).map(" ".join),
        st.text(max_size=40),
    ),
    max_size=20,
).map("\n".join)
ANYTHING = st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda data: data.decode(errors="replace")))


@pytest.mark.parametrize("name", PARSERS)
@given(text=st.one_of(ANYTHING, LINES, JSONS, TABLES, CONFIGURATIONS))
def test_any_text_gives_a_value_or_unreadable(name: str, text: str) -> None:
    try:
        value = PARSERS[name](text)
    except Unreadable as error:
        told = str(error)
    else:
        told = msgspec.json.encode(msgspec.to_builtins(value)).decode()
        told = json.dumps(json.loads(told), ensure_ascii=False)
    assert not {unicodedata.category(character) for character in told} & {"Cc", "Cs"}


@pytest.mark.parametrize("name", [name for name in PARSERS if name not in MAY_BE_EMPTY])
@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "Segmentation fault", "{", '{"role": ', "[[[[", "{}"])
def test_what_says_nothing_is_unreadable(name: str, text: str) -> None:
    with pytest.raises(Unreadable):
        PARSERS[name](text)


def test_a_deeply_nested_json_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        parse_tokens('{"pools":' + "[" * 100_000)
