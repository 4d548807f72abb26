"""What `config/` ships for nodes and jump hosts holds together with the product."""

import re
import shlex
from pathlib import Path
from typing import cast

from dslsconsole.commands.run import command as run
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings import json_schema, load
from dslsconsole.shipped import shipped
from dslsconsole.systems.acting import Call, Hands, actions
from dslsconsole.systems.filter.act import rule
from dslsconsole.systems.ground import Ground

NODE = shipped("config") / "node"


def test_the_readme_names_every_shipped_file() -> None:
    readme = (shipped("config") / "README.md").read_text()
    files = [path for path in shipped("config").rglob("*") if path.is_file() and path.name != "README.md"]
    assert [path.name for path in files if path.name.split(".")[0] not in readme] == []


def test_sudoers_allows_exact_commands_on_the_example_estates_units_alone() -> None:
    cluster = load(shipped("config") / "estate.yaml").clusters["production-cluster"]
    units = {node.unit for node in cluster.nodes.values()} | {loop.unit for loop in cluster.automation}
    units |= {"keepalived.service"}
    rules = [line for line in (NODE / "sudoers").read_text().splitlines() if not line.startswith("#")]
    commands = [re.sub(r"\s+", " ", one.replace("\\=", "=")).strip() for one in _commands("\n".join(rules))]
    drill = [one for one in commands if "dslsconsole-drill" in one]
    assert len(drill) == 10
    assert {one for one in drill if "iptables" in one} == _said_in_a_drill()
    for command in (one for one in commands if one not in drill):
        verbs = "start|stop|restart|enable|disable|kill --signal=KILL"
        assert re.fullmatch(rf"/usr/bin/systemctl ({verbs}) \S+", command.strip())
        assert command.split()[-1] in units
    assert not any("*" in rule or "ALL: " in rule for rule in rules)


def test_sudoers_allows_every_command_that_runbooks_run_on_the_licence_service() -> None:
    ground = Ground(load(shipped("config") / "estate.yaml"), "production-cluster")
    rules = [re.sub(r"\s+", " ", one).strip() for one in _commands((NODE / "sudoers").read_text())]
    done = {step.do for book in builtin().values() for step in book.steps}
    done |= {step.undo.do for book in builtin().values() for step in book.steps if step.undo.do is not None}
    used = {name for name in done if name.startswith("service-")}
    assert "service-restart" in used
    call = Call(cast(Hands, None), ground, "dsls-primary-01", {}, lambda: 0.0)
    for action in used:
        for text in actions()[action].commands(call):
            words = shlex.split(text)
            said = " ".join(words[words.index("systemctl") :])
            assert f"/usr/bin/{said}" in rules, f"{action}: {said}"


def _commands(rules: str) -> list[str]:
    """What stands between the commas of the aliases, with continued lines joined."""
    aliases = re.findall(r"^Cmnd_Alias \w+ = (.*)$", rules.replace("\\\n", " "), re.MULTILINE)
    assert aliases
    return [one for alias in aliases for one in alias.split(",")]


def _said_in_a_drill() -> set[str]:
    """The words of ha-drill's commands at a node, as sudo meets them."""
    estate = load(shipped("config") / "estate.yaml")
    ground = Ground(estate, "production-cluster")
    places = {"iptables": "/usr/sbin/iptables", "systemd-run": "/usr/bin/systemd-run"}
    said = set()
    for chain in ("INPUT", "OUTPUT"):
        call = Call(cast(Hands, None), ground, "dsls-backup-01", {"chain": chain}, lambda: 0.0)
        for verb in ("-C", "-I", "-D"):
            said.add(" ".join(rule(call, verb)))
        (timed,) = actions()["filter-removal-timed"].commands(call)
        said.add(" ".join(shlex.split(timed)[6:]))
    return {f"{places[line.split()[0]]} {line.partition(' ')[2]}" for line in said}


def test_every_key_of_the_schema_is_explained_in_the_full_example() -> None:
    text = (shipped("config") / "estate.yaml").read_text()
    named = {key for section in json_schema()["$defs"].values() for key in section.get("properties", {})}
    left_out = {key for key in named if not re.search(rf"\b{key}\b", text)}
    assert left_out == set()


def test_every_example_key_is_restricted() -> None:
    for name in ("authorized_keys.probe", "authorized_keys.operate"):
        keys = [line for line in Path(NODE / name).read_text().splitlines() if line and not line.startswith("#")]
        assert keys
        assert all(re.search(r"(^|,)restrict(,| )", line) for line in keys)


def test_the_units_run_commands_that_there_are_on_the_example_estate() -> None:
    clusters = load(shipped("config") / "estate.yaml").clusters
    units = sorted((shipped("config") / "systemd").glob("*-sync.service"))
    assert units
    for unit in units:
        (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
        words = shlex.split(line)
        assert words[:4] == ["/usr/local/bin/dslsconsole", "-c", "/etc/dslsconsole/estate.yaml", "run"]
        with run.make_context("run", words[4:]) as context:
            said = context.params
        assert said["runbook"] in builtin()
        assert said["cluster"] == said["confirm"] in clusters
        assert said["reason"] == unit.name.replace("dr-sync.service", "dr-sync.timer")
