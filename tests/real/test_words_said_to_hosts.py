"""Every command that a runbook sends, as a real shell and the real programs read it."""

import asyncio
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import Call, Hands, actions
from dslsconsole.systems.dns.act import dig_command
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.node.act import LOOKS
from dslsconsole.systems.systemd.act import shown

pytestmark = pytest.mark.real
Need = Callable[[str], str]
NASTY = "a b'c\"$(id);`id`"
ARGUMENTS = {
    "node": "n1", "target": "n2", "role": "primary", "attested": "n2", "feature": NASTY, "files": "0",
    "old": "192.0.2.1", "new": "192.0.2.2", "address": "192.0.2.2", "message": NASTY, "state": "MAINT",
    "primary_pool": "500", "backup_pool": "500", "sync_interval": "30", "failover_priority": NASTY,
    "start": "2027-01-18", "end": "2027-05-14", "enrollment": "enabled", "courses": "enabled",
    "algorithm": NASTY, "weights": NASTY, "health_check_interval": "30", "failover_threshold": "3",
    "course_hours": NASTY, "research_hours": NASTY, "off_hours": NASTY, "chain": "OUTPUT",
}  # fmt: skip


class Nowhere:
    """Hands that reach no host: commands are only worded."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        raise AssertionError(f"no host is to be asked here: {name}")


def ground(sudo: str = "sudo -n", generations: str | None = "/g e n") -> Ground:
    node = {"address": "127.0.0.1", "unit": "dsls-none-of-this-machine"}
    sync = {
        "remote_user": "u",
        "remote_identity_file": "/k e y",
        "generations_directory": generations,
        "files": [{"from": "/a b/", "to": "/c d/", "exclude": [NASTY]}],
    }
    dns = {
        "server": "127.0.0.1", "zone": "z.test", "record": "r.z.test", "main_address": "192.0.2.1",
        "dr_address": "192.0.2.2", "key_file": "/k e y",
    }  # fmt: skip
    cluster = {
        "nodes": {"n1": {"mode": "primary", **node}, "n2": {"mode": "backup", **node, "port": 27001}},
        "dr": {
            "site": "s",
            "nodes": {"d1": {"mode": "dr-primary", **node, "port": 27002}},
            "sync": sync,
            "dns": dns,
            "notify": {"url": "http://127.0.0.1:9/"},
        },
    }
    return Ground(Estate.model_validate({"version": 1, "sudo": sudo, "clusters": {"c": cluster}}), "c")


def commands(ground: Ground) -> dict[str, list[str]]:
    """Every action's commands for a shell, without what the plan says of their standard input."""
    nobody: Hands = Nowhere()  # type: ignore[assignment]
    found = {}
    for name, action in actions().items():
        if name.startswith("server-") or name in ("shutdown-sessions", "notify", "look-for-address"):
            continue
        call = Call(nobody, ground, "n1", ARGUMENTS, lambda: 0.0)
        found[name] = [text.partition("  # ")[0] for text in action.commands(call) if text != LOOKS]
    call = Call(nobody, ground, "n1", ARGUMENTS | {"force": "-force"}, lambda: 0.0)
    found["transfer-state, forced"] = list(actions()["transfer-state"].commands(call))
    found["show"] = [shown(ground, "dsls-none-of-this-machine")]
    return found


async def said(*argv: str, stdin: bytes = b"") -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate(stdin)
    return process.returncode, output.decode()


def words_of(text: str) -> list[str]:
    """The program's own words, without `timeout -k 1 N`."""
    words = shlex.split(text)
    assert words[:3] == ["timeout", "-k", "1"], text
    assert float(words[3]) > 0
    return words[4:]


async def test_every_command_is_sound_for_a_posix_shell_and_bounded(need: Need) -> None:
    dash = need("dash")
    for name, texts in commands(ground()).items():
        for text in texts:
            assert await said(dash, "-n", "-c", text) == (0, ""), f"{name}: {text}"
            words = words_of(text)
            if words[:2] == ["sh", "-c"]:
                assert await said(dash, "-n", "-c", words[2]) == (0, ""), f"{name}: {words[2]}"


async def test_a_hostile_value_stays_one_argument_in_a_real_shell(need: Need) -> None:
    dash = need("dash")
    (text,) = commands(ground())["test-checkout"]
    status, output = await said(dash, "-c", f"set -- {text}; printf '%s\\n' \"$@\"")
    assert status == 0
    assert output.splitlines()[-2:] == [NASTY, "1"]


async def test_systemctl_knows_every_word_it_is_told(need: Need) -> None:
    systemctl = need("systemctl")
    found = commands(ground(sudo=""))
    names = ("service-start", "service-stop", "service-restart", "service-stop-or-kill", "show")
    for text in (text for name in names for text in found[name]):
        words = words_of(text)
        assert words[0] == "systemctl"
        _, output = await said(systemctl, *words[1:])
        for complaint in ("unrecognized option", "invalid option", "Unknown command", "Failed to parse"):
            assert complaint not in output, f"{text}: {output}"


async def test_rsync_knows_every_option_it_is_told(need: Need, tmp_path: Path) -> None:
    rsync = need("rsync")
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "one").touch()
    nobody: Hands = Nowhere()  # type: ignore[assignment]
    call = Call(nobody, ground(generations=None), "n1", ARGUMENTS, lambda: 0.0)
    words = words_of(actions()["copy-files"].commands(call)[0])
    ssh = words.index("-e")
    assert shlex.split(words[ssh + 1])[:3] == ["ssh", "-i", "/k e y"]
    options = [*words[1:ssh]]
    status, output = await said(rsync, *options, f"{tmp_path}/from/", f"{tmp_path}/to/")
    assert status == 0, output
    assert "Number of files: 2 (reg: 1, dir: 1)" in output


async def test_nsupdate_and_dig_know_every_option_they_are_told(need: Need, tmp_path: Path) -> None:
    (text,) = commands(ground())["dns-update"]
    words = words_of(text)
    key = tmp_path / "key"
    key.write_text('key "k" { algorithm hmac-sha256; secret "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="; };\n')
    words[words.index("/k e y")] = str(key)
    assert await said(need("nsupdate"), *words[1:], stdin=b"") == (0, "")
    nobody: Hands = Nowhere()  # type: ignore[assignment]
    words = words_of(dig_command(Call(nobody, ground(), "d1", ARGUMENTS, lambda: 0.0)))
    _, output = await said(need("dig"), *["9" if word == "53" else word for word in words[1:]])
    assert "Invalid option" not in output
    assert "connection refused" in output
