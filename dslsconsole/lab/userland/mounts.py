"""What the kernel tells of mounts and addresses: /proc, mountpoint, findmnt, df, mount, umount, ip."""

import ipaddress
import json
from functools import partial

from dslsconsole.lab.filesystem import Mount
from dslsconsole.lab.host import Call, Host
from dslsconsole.lab.userland.calling import Options, program


def install(host: Host) -> None:
    """Give a host the files its kernel computes."""
    host.virtual_files.update(
        {
            "/proc/self/mountinfo": partial(_mountinfo, host),
            "/proc/mounts": partial(_mount_table, host),
            "/proc/self/mounts": partial(_mount_table, host),
            "/proc/uptime": lambda: f"{host.clock() - host.booted:.2f} 0.00\n".encode(),
            "/proc/loadavg": lambda: b"0.08 0.05 0.01 1/187 4242\n",
            "/proc/sys/kernel/hostname": lambda: host.name.encode() + b"\n",
            "/etc/hostname": lambda: host.name.encode() + b"\n",
            "/etc/passwd": partial(_passwd, host),
        }
    )
    host.write("/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n')


def _escaped(path: str) -> str:
    """A path as proc(5) writes it: blanks and backslashes in octal."""
    return path.replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")


def _mountinfo(host: Host) -> bytes:
    """proc_pid_mountinfo(5)."""
    lines = []
    for index, mount in enumerate(host.mounts):
        parent = 1 if index == 0 else 25
        device = f"8:{index + 1}" if mount.fstype == "ext4" else f"0:{40 + index}"
        fields = [str(25 + index), str(parent), device, "/", _escaped(mount.point), mount.options]
        options = mount.super_options
        lines.append(" ".join([*fields, "shared:1", "-", mount.fstype, _escaped(mount.source), options]))
    return "".join(line + "\n" for line in lines).encode()


def _mount_table(host: Host) -> bytes:
    lines = [f"{_escaped(m.source)} {_escaped(m.point)} {m.fstype} {m.options} 0 0\n" for m in host.mounts]
    return "".join(lines).encode()


def _passwd(host: Host) -> bytes:
    accounts = host.accounts.values()
    return "".join(f"{a.name}:x:{a.uid}:{a.uid}::{a.home}:/bin/sh\n" for a in accounts).encode()


@program("qdx")
async def mountpoint(call: Call, options: Options, operands: list[str]) -> int:
    """Whether something is mounted at a directory."""
    path = call.path(operands[0]) if operands else "/"
    is_one = any(mount.point == path for mount in call.host.mounts)
    if not is_one and not call.host.files.exists(path):
        await call.complain(f"{operands[0]}: No such file or directory")
        return 1
    if "q" not in options:
        await call.say(f"{operands[0]} is {'' if is_one else 'not '}a mountpoint")
    return 0 if is_one else 32


_COLUMNS = {"TARGET": "point", "SOURCE": "source", "FSTYPE": "fstype", "OPTIONS": "options"}


@program("no:T:M:S:rJlt:k", "noheadings", "output=", "target=", "mountpoint=", "json", "raw")
async def findmnt(call: Call, options: Options, operands: list[str]) -> int:
    """The mounts, one line each."""
    columns = [name.upper() for name in options.get("o", options.get("output", ",".join(_COLUMNS))).split(",")]
    target = options.get("T", options.get("target"))
    point = options.get("M", options.get("mountpoint", operands[0] if operands else None))
    found: list[Mount] = list(call.host.mounts)
    if target is not None:
        found = [call.host.files.mount_of(call.path(target))]
    elif point is not None:
        found = [mount for mount in found if mount.point == call.path(point)][-1:]
    rows = [{name: str(getattr(mount, _COLUMNS.get(name, "point"))) for name in columns} for mount in found]
    if "J" in options or "json" in options:
        lowered = [{name.lower(): value for name, value in row.items()} for row in rows]
        await call.say(json.dumps({"filesystems": lowered}, indent=3))
    else:
        shown = [] if "n" in options or "noheadings" in options else [dict(zip(columns, columns, strict=True))]
        widths = {name: max((len(row[name]) for row in [*shown, *rows]), default=0) for name in columns}
        for row in [*shown, *rows]:
            await call.say(" ".join(row[name].ljust(widths[name]) for name in columns).rstrip())
    return 0 if found else 1


@program("PkhTil", "portability", "output=")
async def df(call: Call, options: Options, operands: list[str]) -> int:
    """Space on file systems, in blocks of 1024 bytes."""
    mounts = []
    for name in operands:
        await call.host.files.reach(call.path(name))
        if not call.host.files.exists(call.path(name)):
            await call.complain(f"{name}: No such file or directory")
            return 1
        mounts.append(call.host.files.mount_of(call.path(name)))
    await call.say("Filesystem     1024-blocks     Used Available Capacity Mounted on")
    for mount in mounts or call.host.mounts:
        volume = mount.volume
        total = volume.blocks * volume.block_size // 1024
        free = 0 if volume.is_full else volume.free_blocks * volume.block_size // 1024
        share = f"{-(-(total - free) * 100 // total) if total else 0}%"
        await call.say(f"{mount.source:<14} {total:>11} {total - free:>8} {free:>9} {share:>8} {mount.point}")
    return 0


async def mount(call: Call) -> int:
    """Print the mounts."""
    for entry in call.host.mounts:
        await call.say(f"{entry.source} on {entry.point} type {entry.fstype} ({entry.options})")
    return 0


def _interfaces(host: Host) -> dict[str, list[ipaddress.IPv4Interface | ipaddress.IPv6Interface]]:
    interfaces = {"lo": [ipaddress.ip_interface("127.0.0.1/8")]}
    for name, cidr in host.addresses:
        address = ipaddress.ip_interface(cidr)
        if address not in interfaces.setdefault(name, []):
            interfaces[name].append(address)
    return interfaces


@program("ojhds46", "oneline", "json", "brief")
async def ip(call: Call, options: Options, operands: list[str]) -> int:
    """`ip [-o|-j] addr [show [dev NAME]]`."""
    if not operands or not "address".startswith(operands[0]):
        await call.stderr.write(b'Object "%s" is unknown, try "ip help".\n' % " ".join(operands[:1]).encode())
        return 1
    interfaces = _interfaces(call.host)
    wanted = [word for word in operands[1:] if word not in ("show", "list", "dev")]
    if wanted and wanted[0] not in interfaces:
        await call.stderr.write(f'Device "{wanted[0]}" does not exist.\n'.encode())
        return 1
    shown = {name: found for name, found in interfaces.items() if not wanted or name == wanted[0]}
    if "j" in options or "json" in options:
        await call.say(
            json.dumps([_as_json(index, name, found) for index, (name, found) in enumerate(shown.items(), 1)])
        )
        return 0
    for index, (name, found) in enumerate(shown.items(), 1):
        one_line = "o" in options or "oneline" in options
        if not one_line:
            await call.say(f"{index}: {name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP")
        for position, address in enumerate(found):
            await call.say(_address_line(index, name, address, position > 0, one_line))
    return 0


def _scope(name: str) -> str:
    return "host" if name == "lo" else "global"


def _address_line(
    index: int,
    name: str,
    address: ipaddress.IPv4Interface | ipaddress.IPv6Interface,
    is_secondary: bool,
    one_line: bool,
) -> str:
    family = "inet" if address.version == 4 else "inet6"
    secondary = " secondary" if is_secondary and address.version == 4 and name != "lo" else ""
    tail = f"{family} {address} scope {_scope(name)}{secondary} {name}"
    if one_line:
        return f"{index}: {name}    {tail}\\       valid_lft forever preferred_lft forever"
    return f"    {tail}\n       valid_lft forever preferred_lft forever"


def _as_json(
    index: int, name: str, found: list[ipaddress.IPv4Interface | ipaddress.IPv6Interface]
) -> dict[str, object]:
    entries = [
        {
            "family": "inet" if address.version == 4 else "inet6",
            "local": str(address.ip),
            "prefixlen": address.network.prefixlen,
            "scope": _scope(name),
            "label": name,
        }
        for address in found
    ]
    return {"ifindex": index, "ifname": name, "operstate": "UP", "addr_info": entries}
