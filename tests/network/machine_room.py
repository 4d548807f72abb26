"""The room in which the machines stand: it holds the switch and their disks, and gives them power.

`python -m tests.network.machine_room DIRECTORY` takes one order a line (`on NAME...`, `off NAME...`) and answers each
with one line: `ok NAME=PID...` or `error WORDS`. Its own network namespace is the switch; its disks are a file system
in memory that nobody else sees. Whatever ends it, the kernel ends every machine with it, and with the last process of a
namespace the namespace, its cables and its mounts are gone: nothing is ever left to be cleaned up.
"""

import gc
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

from tests.network import kernel, machine
from tests.network.plan import ADDRESSES, Order

_ROOM = os.getpid()
BRIDGE = "lan"
CUTS = """
table bridge cuts {
    set lost { type ifname . ifname; }
    chain passing { type filter hook forward priority 0; policy accept; iifname . oifname @lost drop; }
}
"""


def port_of(name: str) -> str:
    """The switch's port that a machine's cable ends in; names of interfaces are short."""
    return f"port{list(ADDRESSES).index(name)}"


def run(*words: str, text: str = "") -> None:
    done = subprocess.run(words, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stdout.decode().strip()}")


class MachineRoom:
    def __init__(self, base: Path) -> None:
        self.base = base
        self.holders: dict[str, int] = {}
        kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_NETWORK)
        kernel.keep_mounts_private()
        kernel.mount("disks", base, "tmpfs", options="mode=0755")
        run("ip", "-batch", "-", text=f"link set lo up\nlink add {BRIDGE} type bridge\nlink set {BRIDGE} up\n")
        run("nft", "-f", "-", text=CUTS)

    def switch_on(self, names: Iterable[str]) -> dict[str, int]:
        """Start machines; the process ids of their first processes."""
        firsts, releases, cables = {}, [], []
        for name in names:
            first, release = self._start(name)
            firsts[name] = first
            releases.append(release)
            port = port_of(name)
            # A card keeps its address when the machine is switched off and on, so that others find it at once.
            card = f"02:00:00:00:00:{list(ADDRESSES).index(name):02x}"
            cables.append(f"link add {port} type veth peer name eth0 address {card} netns {first}")
            cables.append(f"link set {port} master {BRIDGE} up")
        run("ip", "-batch", "-", text="\n".join(cables) + "\n")
        for release in releases:
            os.write(release, b"!")
            os.close(release)
        return firsts

    def _start(self, name: str) -> tuple[int, int]:
        told, tell = os.pipe()
        waiting, release = os.pipe()
        order = Order(name, str(self.base), sys.executable, str(Path.cwd()))
        holder = os.fork()
        if holder == 0:
            os.close(told)
            os.close(release)
            try:
                _hold(order, tell, waiting)
            except BaseException as failure:
                os.write(tell, repr(failure).encode())
            os._exit(1)
        os.close(tell)
        os.close(waiting)
        self.holders[name] = holder
        with os.fdopen(told, "rb") as pipe:
            first = pipe.read()
        if not first.isdigit():
            raise OSError(f"{name}: {first.decode()}")
        return int(first), release

    def switch_off(self, names: Iterable[str]) -> None:
        """Take the power: every process is gone, and the cable with it. What lies on the disk stays."""
        for name in names:
            run("ip", "link", "del", port_of(name))
            holder = self.holders.pop(name)
            os.kill(holder, signal.SIGKILL)
            os.waitpid(holder, 0)

    def obey(self, line: str) -> str:
        word, *names = line.split()
        if word == "on":
            return " ".join(["ok", *(f"{name}={pid}" for name, pid in self.switch_on(names).items())])
        if word == "off":
            self.switch_off(names)
            return "ok"
        raise ValueError(f"unknown order {word}")


def _hold(order: Order, tell: int, waiting: int) -> None:
    """Make the namespaces of a machine, start its first process in them, and wait for it."""
    kernel.die_with(_ROOM)
    flags = kernel.NEW_MOUNTS | kernel.NEW_NETWORK | kernel.NEW_NAMES | kernel.NEW_IPC | kernel.NEW_PIDS
    kernel.unshare(flags)
    log = os.open(Path(order.base) / order.name / "console.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    holder = os.getpid()
    first = os.fork()
    if first == 0:
        os.close(tell)
        try:
            # In its own PID namespace a first process sees 0 for a parent outside.
            kernel.die_with(0)
            os.read(waiting, 1)
            os.close(waiting)
            machine.boot(order)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.write(tell, str(first).encode())
    os.close(tell)
    os.close(waiting)
    assert holder == os.getpid()
    os.waitpid(first, 0)
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        room = MachineRoom(Path(sys.argv[1]))
    except OSError as failure:
        print(f"error {failure}", flush=True)
        return
    gc.freeze()
    print("ok", flush=True)
    for line in iter(sys.stdin.readline, ""):
        try:
            print(room.obey(line), flush=True)
        except (OSError, KeyError, ValueError) as failure:
            print(f"error {failure!r}", flush=True)


if __name__ == "__main__":
    main()
