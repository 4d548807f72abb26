"""Where Pacemaker has started a resource, from `crm_mon`'s XML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.pacemaker.read import parse_crm_mon

HEAD = """<pacemaker-result api-version="2.30" request="crm_mon --one-shot --inactive --output-as=xml">
  <summary>
    <current_dc present="true" version="2.1.5" name="dsls-primary-01" id="1" with_quorum="true"/>
  </summary>
  <nodes><node name="dsls-primary-01" id="1" online="true"/><node name="dsls-backup-01" id="2" online="true"/></nodes>
"""
TAIL = '<status code="0" message="OK"/></pacemaker-result>'


def resource(name: str, *nodes: str, role: str = "Started", **flags: str) -> str:
    said = {"active": "true", "failed": "false", "blocked": "false"} | flags
    attributes = " ".join(f'{key}="{value}"' for key, value in said.items())
    on = "".join(f'<node name="{node}" id="1" cached="true"/>' for node in nodes)
    return f'<resource id="{name}" resource_agent="ocf:heartbeat:Filesystem" role="{role}" {attributes}>{on}</resource>'


def status(*resources: str) -> str:
    return f"{HEAD}<resources>{''.join(resources)}</resources>{TAIL}"


def test_a_resource_runs_where_its_nodes_are() -> None:
    found = parse_crm_mon(status(resource("dsls-storage", "dsls-primary-01"), resource("other", "x")), "dsls-storage")
    assert (found.started_on, found.failed_on, found.has_quorum) == (("dsls-primary-01",), (), True)


@pytest.mark.parametrize("name", ["dsls-storage", "dsls-storage-clone"])
def test_a_clone_runs_where_its_instances_do(name: str) -> None:
    instances = (
        resource("dsls-storage", "dsls-primary-01"),
        resource("dsls-storage", "dsls-backup-01"),
        resource("dsls-storage", role="Stopped", active="false"),
    )
    text = status(f'<clone id="dsls-storage-clone" multi_state="false">{"".join(instances)}</clone>')
    assert parse_crm_mon(text, name).started_on == ("dsls-backup-01", "dsls-primary-01")


def test_a_group_runs_only_where_all_of_it_does() -> None:
    def instance(number: int, node: str, *running: str) -> str:
        parts = (resource(part, node) for part in running)
        return f'<group id="storage:{number}" number_resources="2">{"".join(parts)}</group>'

    text = status(
        f'<clone id="storage-clone">{instance(0, "a", "lvm", "fs")}{instance(1, "b", "lvm")}'
        f"{resource('fs', role='Stopped', active='false')}</clone>"
    )
    assert parse_crm_mon(text, "storage-clone").started_on == ("a",)
    assert parse_crm_mon(text, "storage").started_on == ("a",)


@pytest.mark.parametrize(
    ("role", "flags", "failed"),
    [
        ("Stopped", {"active": "false"}, ()),
        ("Starting", {}, ()),
        ("Started", {"failed": "true"}, ("n1",)),
        ("Started", {"blocked": "true"}, ("n1",)),
        ("Started", {"active": "false"}, ()),
    ],
)
def test_what_is_not_wholly_started_runs_nowhere(role: str, flags: dict[str, str], failed: tuple[str, ...]) -> None:
    found = parse_crm_mon(status(resource("dsls-storage", "n1", role=role, **flags)), "dsls-storage")
    assert (found.started_on, found.failed_on) == ((), failed)


def test_the_older_root_element_is_read_too() -> None:
    text = f'<?xml version="1.0"?>\n<crm_mon version="2.0.0"><resources>{resource("r", "n1")}</resources></crm_mon>'
    found = parse_crm_mon(text, "r")
    assert (found.started_on, found.has_quorum) == (("n1",), None)


def test_a_resource_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(Unreadable, match="no resource dsls-storage; it has web"):
        parse_crm_mon(status(resource("web", "n1")), "dsls-storage")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no XML"),
        ("crm_mon: Error: cluster is not available on this node", "no XML"),
        ("<pacemaker-result><resources>", "damaged"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><pacemaker-result/>', "declarations"),
        ('<pacemaker-result><status code="102" message="Not connected"/></pacemaker-result>', "Not connected"),
    ],
)
def test_what_is_no_status_is_unreadable(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse_crm_mon(text, "dsls-storage")


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    reasons = []
    for one in (text, f"<{text}>", status(text)):
        try:
            parse_crm_mon(one, "r")
        except Unreadable as refused:
            reasons.append(str(refused))
    assert "\x1b" not in "".join(reasons)
