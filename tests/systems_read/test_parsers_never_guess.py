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
from dslsconsole.systems.haproxy.read import parse_info, parse_stat
from dslsconsole.systems.keepalived.read import parse_addresses
from dslsconsole.systems.storage.read import parse_mountinfo, parse_statfs
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
}
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
ANYTHING = st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda data: data.decode(errors="replace")))


@pytest.mark.parametrize("name", PARSERS)
@given(text=st.one_of(ANYTHING, LINES, JSONS, TABLES))
def test_any_text_gives_a_value_or_unreadable(name: str, text: str) -> None:
    try:
        value = PARSERS[name](text)
    except Unreadable as error:
        told = str(error)
    else:
        told = msgspec.json.encode(msgspec.to_builtins(value)).decode()
        told = json.dumps(json.loads(told), ensure_ascii=False)
    assert not {unicodedata.category(character) for character in told} & {"Cc", "Cs"}


@pytest.mark.parametrize("name", [name for name in PARSERS if name != "sessions"])
@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "Segmentation fault", "{", '{"role": ', "[[[[", "{}"])
def test_what_says_nothing_is_unreadable(name: str, text: str) -> None:
    with pytest.raises(Unreadable):
        PARSERS[name](text)


def test_a_deeply_nested_json_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        parse_tokens('{"pools":' + "[" * 100_000)
