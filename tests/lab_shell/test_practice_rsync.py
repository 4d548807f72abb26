"""rsync between practice hosts does, prints and returns what the real one does."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslsconsole.lab.host import Host
from dslsconsole.lab.network import Network

_DIRECTORIES = ["sub", "sub/deep", "z"]
_FILES = ["a.lic", "b.lic", "c", "sub/a.lic", "sub/deep/x.lic", "z/y.lic"]
Tree = dict[str, tuple[int, int, int] | None]
"""Files with size, age and mode; None for a directory."""


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    tree: Tree = dict.fromkeys(draw(st.lists(st.sampled_from(_DIRECTORIES), unique=True)))
    for name in draw(st.lists(st.sampled_from(_FILES), unique=True)):
        tree[name] = draw(st.tuples(st.sampled_from([0, 3, 5]), st.integers(0, 2), st.sampled_from([0o644, 0o600])))
    return tree


def grow(root: Path, tree: Tree) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for name, file in sorted(tree.items()):
        path = root / name
        if file is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        size, age, mode = file
        path.write_bytes(b"x" * size)
        path.chmod(mode)
        os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))
    for path in [root, *root.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
            os.utime(path, (1_700_000_000, 1_700_000_000))


def seen(root: Path) -> dict[str, tuple[int, int] | None]:
    return {
        str(path.relative_to(root)): None if path.is_dir() else (path.stat().st_size, int(path.stat().st_mtime))
        for path in root.rglob("*")
    }


@pytest.mark.real
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    source=trees(),
    target=trees(),
    options=st.sampled_from(
        ["--delete-after", "--delete-after -n", "", "--delete", "--delete-after --exclude=c --exclude=a.lic"]
    ),
    most=st.sampled_from([None, 0, 1, 3]),
)
def test_copies_and_deletes_like_the_real_one(
    host: Host, tmp_path: Path, need: Callable[[str], str], source: Tree, target: Tree, options: str, most: int | None
) -> None:
    command = f"-rlptD -i --no-h {options}" + (
        "" if most is None or "delete" not in options else f" --max-delete={most}"
    )
    for place in (tmp_path / "real", host.root):
        grow(place / "src", source)
        grow(place / "dst", target)
    real = subprocess.run(
        [need("rsync"), *command.split(), "src/", "dst/"],
        cwd=tmp_path / "real",
        capture_output=True,
        text=True,
        timeout=20,
    )
    host.files.root_volume.ownerships.clear()
    done = asyncio.run(host.capture(f"cd /; rsync {command} src/ dst/"))
    assert done.status == real.returncode, (done, real)
    if most is None:
        assert seen(host.root / "dst") == seen(tmp_path / "real" / "dst")
        assert sorted(done.stdout.decode().splitlines()) == sorted(real.stdout.splitlines())
    else:
        deleted = [line for line in real.stdout.splitlines() if line.startswith("*deleting")]
        assert len([line for line in done.stdout.decode().splitlines() if line.startswith("*deleting")]) == len(deleted)


COMMAND = (
    "rsync -rlptD -i --stats --no-h --delete-after --timeout=60 "
    "-e 'ssh -i /etc/dslsconsole/replication_key -p 22 -o BatchMode=yes -o ConnectTimeout=1 "
    "-o StrictHostKeyChecking=yes' "
    "/shared/dsls/licenses/ dslsop@10.30.0.11:/dr/dsls/licenses/"
)


async def test_copies_to_another_host(host: Host, linked: Host) -> None:
    done = await host.capture(COMMAND, "dslsop")
    assert done.status == 0, done.stderr
    assert done.stdout.startswith(
        b".d..t...... ./\n>f+++++++++ abaqus.lic\n*deleting   old.lic\n"
    ) or done.stdout.startswith(b">f+++++++++ abaqus.lic\n*deleting   old.lic\n")
    assert b"Number of deleted files: 1 (reg: 1)\n" in done.stdout
    assert linked.files.names("/dr/dsls/licenses") == ["abaqus.lic"]
    again = await host.capture(COMMAND.replace("-rlptD", "-n -rlptD"), "dslsop")
    assert again.stdout.startswith(b"\nNumber of files"), "a second run has nothing to do"


async def test_an_emptied_source_empties_the_target_without_a_word(host: Host, linked: Host) -> None:
    host.files.remove("/shared/dsls/licenses/abaqus.lic")
    done = await host.capture(COMMAND, "dslsop")
    assert (done.status, linked.files.names("/dr/dsls/licenses")) == (0, [])


async def test_a_missing_source_changes_nothing(host: Host, linked: Host) -> None:
    host.files.rename("/shared/dsls/licenses", "/shared/dsls/gone")
    done = await host.capture(COMMAND, "dslsop")
    assert (done.status, linked.files.names("/dr/dsls/licenses")) == (23, ["old.lic"])
    assert b'change_dir "/shared/dsls/licenses" failed: No such file or directory (2)' in done.stderr


async def test_a_cut_link_fails_after_the_connect_timeout(host: Host, linked: Host, network: Network) -> None:
    network.cut(host.name, linked.name)
    done = await host.capture(COMMAND, "dslsop")
    assert done.status == 255
    assert b"ssh: connect to host 10.30.0.11 port 22: Connection timed out" in done.stderr


async def test_a_key_nobody_knows_is_refused(host: Host, linked: Host) -> None:
    linked.write("/home/dslsop/.ssh/authorized_keys", "")
    done = await host.capture(COMMAND, "dslsop")
    assert (done.status, linked.files.names("/dr/dsls/licenses")) == (255, ["old.lic"])
    assert b"Permission denied (publickey)" in done.stderr


async def test_an_unwritable_target_is_a_partial_transfer(host: Host, linked: Host) -> None:
    linked.files.change_owner("/dr/dsls/licenses", "root")
    done = await host.capture(COMMAND, "dslsop")
    assert (done.status, linked.files.names("/dr/dsls/licenses")) == (23, ["old.lic"])
