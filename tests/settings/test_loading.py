"""Loading an estate file: what is sound loads, everything wrong is told at once with its place."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dslsconsole.settings import ConfigurationError, Estate, load
from dslsconsole.shipped import shipped

SOUND = """\
version: 1
clusters:
  east:
    nodes:
      a: {mode: primary}
      b: {mode: backup}
"""


def found(tmp_path: Path, content: str | bytes) -> list[str]:
    """What is wrong with a file of that content, without the file's name."""
    file = tmp_path / "estate.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    began = time.monotonic()
    with pytest.raises(ConfigurationError) as wrong:
        load(file)
    assert time.monotonic() - began < 30  # a bomb would take hours
    texts = [str(finding) for finding in wrong.value.findings]
    assert all(text.startswith(f"{file}:") for text in texts)
    return [text.removeprefix(f"{file}:") for text in texts]


def loaded(tmp_path: Path, content: str) -> Estate:
    file = tmp_path / "estate.yaml"
    file.write_text(content)
    return load(file)


@pytest.mark.parametrize("name", sorted(path.name for path in shipped("config").glob("estate*.yaml")))
def test_every_shipped_example_loads(name: str) -> None:
    assert load(shipped("config") / name).clusters["production-cluster"].nodes["dsls-primary-01"].mode == "primary"


def test_all_but_version_and_nodes_has_a_default(tmp_path: Path) -> None:
    estate = loaded(tmp_path, SOUND)
    assert estate.poll.interval == 5.0
    assert estate.dslicsrv.port == 27000
    assert estate.ssh.operate_user is None
    assert estate.clusters["east"].token_sync.max_lag == 60.0


def test_durations_are_seconds(tmp_path: Path) -> None:
    estate = loaded(
        tmp_path, SOUND + "poll: {interval: 500ms, timeout: 2 s, stale_after: 1.5m}\nrecordings: {keep: 30d}\n"
    )
    assert (estate.poll.interval, estate.poll.timeout, estate.poll.stale_after) == (0.5, 2.0, 90.0)
    assert estate.recordings.keep == 30 * 86400


def test_every_error_is_told_at_once_in_the_files_order(tmp_path: Path) -> None:
    content = """\
version: 1
poll: {interval: 5}
ssh:
  probe_usr: x
clusters:
  east:
    nodes:
      a: {mode: primary, ssh_port: 70000}
      b: {mode: primary}
    token_sync: {interval: 2m, max_lag: 1m}
  west: {quorum: 2}
"""
    assert found(tmp_path, content) == [
        "2:18: poll.interval: “5” has no unit; write 5s for seconds, or use m, h or d",
        "4:3: ssh.probe_usr: is not a known key here; did you mean “probe_user”?",
        "8:36: clusters.east.nodes.a.ssh_port: “70000” is too big; it must be at most 65535",
        "9:17: clusters.east.nodes.b.mode: a second primary beside a; one must be a backup",
        "10:41: clusters.east.token_sync.max_lag: 1m is shorter than interval (2m), so it would always be late; "
        "write a longer one",
        "11:3: clusters.west.nodes: is missing; it must be given: The main site's nodes; their modes are primary, "
        "backup and arbitrator.",
    ]


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        ("", "1:1: (the whole file): the file is empty"),
        ("# only a comment\n", "1:1: (the whole file): the file is empty"),
        ("---\n", "the file is empty"),
        ("- a\n- b\n", "1:1: (the whole file): the file holds a list"),
        ("just words\n", "1:1: (the whole file): the file holds a single value"),
        ("version: 1\nclusters: {a: [\n", "(the whole file): this is not YAML: "),
        ("version: 1\n\tclusters: 1\n", "2:1: (the whole file): this is not YAML: "),
        ("version: 1\n---\nversion: 1\n", "2:1: (the whole file): a second document starts here"),
        ("version: 1\nx: !!python/object/apply:os.system [id]\n", "2:4: (the whole file): the tag "),
        ("version: 1\nx: &a [*a]\n", "2:8: (the whole file): the alias *“a” stands inside what it names"),
        ("version: 1\nx: *nowhere\n", "2:4: (the whole file): "),
        ("version: 1\n? [a]\n: 1\n", "2:3: (the whole file): a key must be plain text"),
        ("x: " + "[" * 60 + "]" * 60, "levels inside each other"),
        ("x: " + "[" * 200_000, "levels inside each other"),
        ("version: 1\nname: \x00\n", "2:7: (the whole file): the control character U+0000"),
        ("version: 1\nname: \x1b[31m\n", "2:7: (the whole file): the control character U+001B"),
        (b"version: 1\n# caf\xe9\n", "2:6: (the whole file): the byte 0xe9 is not UTF-8"),
        ("version: 1\n".encode("utf-16"), "1:1: (the whole file): the byte 0xff is not UTF-8"),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, (str, bytes)) else None,
)
def test_what_is_no_estate_file_is_told_in_one_sentence(tmp_path: Path, content: str | bytes, finding: str) -> None:
    texts = found(tmp_path, content)
    assert len(texts) == 1
    assert finding in texts[0]


def test_ten_megabytes_are_not_even_parsed(tmp_path: Path) -> None:
    assert "the file is bigger than 1024 kB" in found(tmp_path, "a: 1\n" * 2_200_000)[0]


def test_a_billion_laughs_are_not_laughed(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "values with the aliases written out" in found(tmp_path, "\n".join(rows))[0]


def test_a_ladder_of_aliases_is_not_climbed(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000))]
    assert "levels with the aliases written out" in found(tmp_path, "\n".join(rows))[0]


def test_aliases_and_merges_in_moderation_are_understood(tmp_path: Path) -> None:
    content = """\
version: 1
clusters:
  east:
    nodes:
      a: &node {mode: primary, unit: dsls-a, ssh_port: 2222}
      b: {<<: *node, mode: backup, ssh_port: 2223}
"""
    nodes = loaded(tmp_path, content).clusters["east"].nodes
    assert (nodes["b"].mode, nodes["b"].unit, nodes["b"].ssh_port) == ("backup", "dsls-a", 2223)


def test_keys_given_twice_are_told(tmp_path: Path) -> None:
    content = SOUND + "      b: {mode: arbitrator}\nversion: 1\n"
    assert found(tmp_path, content) == [
        "7:7: clusters.east.nodes.b: is given twice, first in line 6; remove one of them",
        "8:1: version: is given twice, first in line 1; remove one of them",
    ]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("on: true", "7:1: on: is not a known key here"),
        ("yes: 1", "7:1: yes: is not a known key here"),
        (f"dslicsrv: {{port: {'9' * 29}}}", f"“{'9' * 29}” is far too big a number"),
        ("dslicsrv: {port: 08}", "“08” is not a whole number"),
        ("dslicsrv: {port: true}", "true is not a whole number"),
        ("dslicsrv: {port: 27000.0}", "“27000.0” is not a whole number"),
        ("poll: {interval: 12:30}", "“12:30” is not a duration"),
        ("poll: {interval: 0s}", "“0s” is out of range"),
        ("poll: {interval: 999999999d}", "“999999999d” is out of range"),
        ("poll: {interval: -5s}", "“-5s” is not a duration"),
        ("poll:", "nothing stands where a mapping is needed"),
        ("poll: [5s]", "a list stands where a mapping is needed"),
        ("ssh: {identity_files: ~/.ssh/id}", "“~/.ssh/id” stands where a list is needed; write it as [a, b]"),
        ("ssh: {probe_user: 2027}", "“2027” is not text; put it in quotes"),
        ("ssh: {probe_user: -oProxyCommand=x}", "write a user's name"),
        ("dslicsrv: {dialect: vender}", "is not one of guide, vendor; did you mean vendor?"),
        ("lock_directory: var/lib", "write an absolute path"),
        ("notifications: [{webhook: 'ftp://x'}]", "7:27: notifications[0].webhook: "),
        ("clusterz: {}", "7:1: clusterz: is not a known key here; did you mean “clusters”?"),
    ],
)
def test_wrong_values_say_what_would_be_right(tmp_path: Path, line: str, finding: str) -> None:
    texts = found(tmp_path, SOUND + line + "\n")
    assert len(texts) == 1
    assert finding in texts[0]


@pytest.mark.parametrize("version", ['"1"', "2", "true", "1.0", "", "[1]"])
def test_only_version_1_is_known(tmp_path: Path, version: str) -> None:
    texts = found(tmp_path, SOUND.replace("version: 1", f"version: {version}"))
    assert len(texts) == 1
    assert texts[0].startswith("1:")
    assert ": version: " in texts[0]


def test_control_characters_in_keys_are_shown_not_obeyed(tmp_path: Path) -> None:
    texts = found(tmp_path, SOUND + '"\\e[31mred\\n": 1\n')
    assert len(texts) == 1
    assert texts[0].startswith("7:1: \\x1b[31mred\\n: is not a known key here; known are version, ssh, ")


def test_many_errors_are_bounded(tmp_path: Path) -> None:
    texts = found(tmp_path, SOUND + "".join(f"key{n}: 1\n" for n in range(40_000)))
    assert len(texts) == 201
    assert texts[-1].endswith(": (the rest): 39800 more; mend these first")


class TestAFileThatCanNotBeRead:
    def complaint(self, path: Path) -> str:
        with pytest.raises(ConfigurationError) as wrong:
            load(path)
        (finding,) = wrong.value.findings
        assert (finding.line, finding.column) == (1, 1)
        return finding.text

    def test_missing(self, tmp_path: Path) -> None:
        assert "there is no such file" in self.complaint(tmp_path / "none.yaml")

    def test_a_directory(self, tmp_path: Path) -> None:
        assert "a directory" in self.complaint(tmp_path)

    def test_a_device_and_a_pipe_without_a_writer(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert "a device" in self.complaint(tmp_path / "pipe")
        assert "a device" in self.complaint(Path("/dev/zero"))

    def test_a_name_that_no_file_can_have(self, tmp_path: Path) -> None:
        assert "NUL" in self.complaint(Path("a\x00b"))
        assert "can't be opened" in self.complaint(tmp_path / ("x" * 300))

    def test_without_permission(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
        assert "may not read" in self.complaint(tmp_path / "estate.yaml")

    def test_its_name_is_shown_without_control_characters(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError) as wrong:
            load(tmp_path / "\x1b[31mred.yaml")
        assert "\x1b" not in str(wrong.value)
        assert "\\x1b[31mred.yaml:1:1: " in str(wrong.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["5s", "primary"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["version", "clusters", "nodes", "mode", "poll", "interval", "dr", "dns", "<<", "hosts", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(file: Path) -> Estate | ConfigurationError:
    """What came of loading it; a refusal names at least one place, in text that is safe to print."""
    result: Estate | ConfigurationError
    try:
        result = load(file)
    except ConfigurationError as error:
        result = error
    if isinstance(result, ConfigurationError):
        assert result.findings
        assert all(finding.line >= 1 and finding.column >= 1 for finding in result.findings)
        assert all(str(finding).isprintable() for finding in result.findings)
    return result


@relaxed
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b"<<: &a [{<<: [x]}]")
@example(b"? - a\n: b")
@example(b"&a a: *a")
def test_no_bytes_do_anything_but_load_or_be_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "estate.yaml"
    file.write_bytes(content)
    assert isinstance(outcome(file), ConfigurationError)


@relaxed
@given(values)
def test_no_structure_does_anything_but_load_or_be_told(tmp_path: Path, data: object) -> None:
    import yaml

    file = tmp_path / "estate.yaml"
    file.write_text(yaml.safe_dump(data))
    assert isinstance(outcome(file), (Estate, ConfigurationError))


@relaxed
@given(st.integers(0, 4000), st.sampled_from([b"", b"\t", b": ", b"[", b"&a ", b"*a", b"- ", b"\xff", b'"', b"}"]))
def test_a_damaged_sound_file_is_told_or_loads(tmp_path: Path, place: int, damage: bytes) -> None:
    sound = (shipped("config") / "estate.yaml").read_bytes()
    file = tmp_path / "estate.yaml"
    file.write_bytes(sound[:place] + damage + sound[place + 1 :])
    assert isinstance(outcome(file), (Estate, ConfigurationError))
