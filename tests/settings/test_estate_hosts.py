"""Where the estate file is found; its hosts, its shape, its JSON Schema, and what loading all this costs."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dslsconsole.cli import program
from dslsconsole.model.node import Mode
from dslsconsole.settings import Estate, NoEstate, expand, json_schema, load, locate
from dslsconsole.settings.hosts import HostKind, Site, hosts_of, quorum_of, servers_of
from dslsconsole.settings.shape import shape_of
from dslsconsole.shipped import shipped


@pytest.fixture
def estate() -> Estate:
    return load(shipped("config") / "estate.yaml")


class TestWhereTheEstateFileIs:
    def test_the_option_comes_first_then_the_environment(self, tmp_path: Path) -> None:
        (tmp_path / "dslsconsole.yaml").touch()
        environment = {"DSLSCONSOLE_CONFIG": "/from/environment.yaml"}
        assert locate("/from/option.yaml", environment, tmp_path) == Path("/from/option.yaml")
        assert locate(None, environment, tmp_path) == Path("/from/environment.yaml")

    def test_then_the_current_directory_then_the_users_own(self, tmp_path: Path) -> None:
        own = tmp_path / "xdg" / "dslsconsole" / "estate.yaml"
        own.parent.mkdir(parents=True)
        own.touch()
        environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
        assert locate(None, environment, tmp_path) == own
        (tmp_path / "dslsconsole.yaml").touch()
        assert locate(None, environment, tmp_path) == tmp_path / "dslsconsole.yaml"

    def test_without_any_it_says_where_it_looked_and_what_to_try(self, tmp_path: Path) -> None:
        with pytest.raises(NoEstate) as missing:
            locate(None, {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}, tmp_path)
        text = str(missing.value)
        assert str(tmp_path / "dslsconsole.yaml") in text
        assert "/etc/dslsconsole/estate.yaml" in text
        assert "dslsconsole demo" in text


def test_paths_take_variables_and_the_home_directory() -> None:
    assert expand("$STATE/${NAME}/x", {"STATE": "/var", "NAME": "a"}) == Path("/var/a/x")
    assert expand("~/x") == Path.home() / "x"
    with pytest.raises(ValueError, match=r"\$NONE, which is not set"):
        expand("$NONE/x", {})


def test_every_host_is_told_with_how_to_reach_it(estate: Estate) -> None:
    (hosts,) = hosts_of(estate)
    assert [host.name for host in hosts.all] == [
        "dsls-primary-01",
        "dsls-backup-01",
        "dsls-arbitrator-01",
        "dr-dsls-01",
        "dr-dsls-02",
        "haproxy-01",
        "haproxy-02",
        "dr-haproxy-01",
    ]
    backup = hosts.host("dsls-backup-01")
    assert backup is not None
    assert (backup.licence_address, backup.ssh_port, backup.mode) == ("10.20.0.12:27000", None, Mode.BACKUP)
    balancer = hosts.all_balancers[-1]
    assert (balancer.kind, balancer.site, balancer.licence_port) == (HostKind.BALANCER, Site.DR, None)
    with pytest.raises(ValueError, match="no licence port"):
        _ = balancer.licence_address


def test_names_ports_and_ipv6_addresses_have_their_writing(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_text(
        "version: 1\nclusters: {c: {nodes: {a: {mode: primary}, b: {mode: backup, address: 'fd00::2', port: 27001}}}}\n"
    )
    estate = load(file)
    (hosts,) = hosts_of(estate)
    assert [host.licence_address for host in hosts.nodes] == ["a:27000", "[fd00::2]:27001"]
    assert quorum_of(estate.clusters["c"]) == 2


def test_the_shape_tells_what_there_is_to_read(estate: Estate) -> None:
    shape = shape_of(estate)
    cluster = shape.cluster("production-cluster")
    assert cluster is not None
    assert cluster.all_balancers == ("haproxy-01", "haproxy-02", "dr-haproxy-01")
    assert [node.port for node in cluster.all_nodes] == [27000] * 5
    assert cluster.dr is not None
    assert (cluster.dr.record, cluster.dr.max_lag_s) == ("dsls.company.com", 900.0)
    assert (shape.can_act, shape.interval_s, shape.stale_after_s) == (True, 5.0, 15.0)


def test_servers_have_their_nodes_names_unless_the_file_says_otherwise(estate: Estate) -> None:
    cluster = estate.clusters["production-cluster"]
    assert cluster.load_balancers is not None
    unnamed = cluster.load_balancers.model_copy(update={"servers": {}})
    assert servers_of(unnamed, cluster.nodes) == {name: name for name in ("dsls-primary-01", "dsls-backup-01")}


class TestTheJsonSchema:
    def sections(self, part: object) -> list[dict[str, Any]]:
        """Every object type of a schema."""
        if isinstance(part, list):
            return [section for member in part for section in self.sections(member)]
        if not isinstance(part, dict):
            return []
        own = [part] if part.get("type") == "object" else []
        return own + [section for member in part.values() for section in self.sections(member)]

    def test_it_allows_nothing_unknown_but_thresholds(self) -> None:
        open_sections = [one for one in self.sections(json_schema()) if one.get("additionalProperties") is not False]
        assert [one["title"] for one in open_sections] == ["Monitoring"]

    def test_every_key_says_what_it_is_for(self) -> None:
        schema = json_schema()
        silent = [
            f"{section.get('title')}.{key}"
            for section in self.sections(schema)
            for key, member in section.get("properties", {}).items()
            if "description" not in member and "$ref" not in json.dumps(member)
        ]
        assert silent == []

    def test_defaults_are_written_as_in_the_file(self) -> None:
        poll = json_schema()["$defs"]["Poll"]["properties"]
        assert (poll["interval"]["default"], poll["interval"]["type"]) == ("5s", "string")

    def test_numbers_have_their_limits(self) -> None:
        port = json_schema()["$defs"]["Dslicsrv"]["properties"]["port"]
        assert (port["minimum"], port["maximum"]) == (1, 65535)

    def test_the_command_prints_it(self) -> None:
        result = CliRunner().invoke(program, ["schema"])
        assert result.exit_code == 0
        assert json.loads(result.stdout) == json.loads(json.dumps(json_schema()))


def test_an_unsound_file_ends_every_command_with_78(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.touch()
    result = CliRunner().invoke(program, ["-c", str(file), "journal", "verify"])
    assert result.exit_code == 78
    assert result.stderr.startswith(f"{file}:1:1: (the whole file): the file is empty")
