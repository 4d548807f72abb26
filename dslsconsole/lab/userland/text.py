"""cat, head, tail, wc, sort, uniq, cut, tr, tee."""

import os
import re

from dslsconsole.lab.host import Call
from dslsconsole.lab.userland.calling import Inputs, Options, program

_CHUNK = 65536


@program("Auv")
async def cat(call: Call, options: Options, operands: list[str]) -> int:
    """Copy files to standard output, and standard input as it comes."""
    inputs = Inputs(call, operands)
    if operands in ([], ["-"]):
        while data := await call.stdin.read(_CHUNK):
            await call.stdout.write(data)
        return 0
    async for _, data in inputs.whole():
        await call.stdout.write(data)
    return int(inputs.failed)


@program("c:n:qv", "bytes=", "lines=", number="n")
async def head(call: Call, options: Options, operands: list[str]) -> int:
    """The first lines, or with -c the first bytes."""
    size = options.get("c", options.get("bytes"))
    if size is not None and not operands:
        rest = int(size)
        while rest > 0 and (data := await call.stdin.read(min(rest, _CHUNK))):
            await call.stdout.write(data)
            rest -= len(data)
        return 0
    count = int(options.get("n", options.get("lines", "10")))
    if not operands:
        for _ in range(count):
            if not (line := await call.stdin.readline()):
                break
            await call.stdout.write(line)
        return 0
    inputs = Inputs(call, operands)
    async for _, data in inputs.whole():
        lines = data.splitlines(keepends=True)
        await call.stdout.write(data[: int(size)] if size is not None else b"".join(lines[:count]))
    return int(inputs.failed)


@program("c:n:q", "bytes=", "lines=", number="n")
async def tail(call: Call, options: Options, operands: list[str]) -> int:
    """The last lines, from a line on with `-n +N`, or with -c the last bytes."""
    inputs = Inputs(call, operands)
    wanted = options.get("n", options.get("lines", "10"))
    async for _, data in inputs.whole():
        if (size := options.get("c", options.get("bytes"))) is not None:
            await call.stdout.write(data[-int(size) :] if int(size) else b"")
            continue
        lines = data.splitlines(keepends=True)
        start = int(wanted[1:]) - 1 if wanted.startswith("+") else max(0, len(lines) - int(wanted))
        await call.stdout.write(b"".join(lines[start:]))
    return int(inputs.failed)


@program("lwcm")
async def wc(call: Call, options: Options, operands: list[str]) -> int:
    """Count lines, words and bytes."""
    inputs = Inputs(call, operands)
    wanted = [letter for letter in "lwcm" if letter in options] or ["l", "w", "c"]
    async for name, data in inputs.whole():
        counts = {
            "l": data.count(b"\n"),
            "w": len(data.split()),
            "c": len(data),
            "m": len(data.decode("utf-8", "replace")),
        }
        width = 1 if len(wanted) == 1 else 7
        shown = " ".join(str(counts[letter]).rjust(width) for letter in wanted)
        await call.say(shown if name == "-" else f"{shown} {name}")
    return int(inputs.failed)


@program("rnuk:t:fb", usage_status=2)
async def sort(call: Call, options: Options, operands: list[str]) -> int:
    """Sort lines by bytes, by number with -n, by a field with -k."""
    inputs = Inputs(call, operands)
    lines = await inputs.all_lines()

    def key(line: bytes) -> tuple[float, bytes]:
        field = line
        if "k" in options:
            index = int(options["k"].partition(",")[0].split(".")[0].rstrip("nr")) - 1
            separator = os.fsencode(options["t"]) if "t" in options else None
            field = (b"\t" if separator is None else separator).join(line.split(separator)[index:])
        if "n" in options or "n" in options.get("k", ""):
            match = re.match(rb"\s*(-?\d+(?:\.\d+)?)", field)
            return float(match[1]) if match else 0.0, line
        return 0.0, field.lower() if "f" in options else field

    ordered = sorted(lines, key=key, reverse="r" in options)
    if "u" in options:
        ordered = list({key(line): line for line in reversed(ordered)}.values())[::-1]
    await call.stdout.write(b"".join(line + b"\n" for line in ordered))
    return 2 if inputs.failed else 0


@program("cdu")
async def uniq(call: Call, options: Options, operands: list[str]) -> int:
    """Put equal neighbouring lines together."""
    inputs = Inputs(call, operands[:1])
    groups: list[tuple[bytes, int]] = []
    for line in await inputs.all_lines():
        if groups and groups[-1][0] == line:
            groups[-1] = line, groups[-1][1] + 1
        else:
            groups.append((line, 1))
    for line, count in groups:
        if ("d" in options and count == 1) or ("u" in options and count > 1):
            continue
        await call.stdout.write((b"%7d " % count if "c" in options else b"") + line + b"\n")
    return int(inputs.failed)


def _ranges(text: str) -> list[tuple[int, int]]:
    ranges = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start = int(first or 1)
        ranges.append((start, int(last or 1 << 30) if dash else start))
    return ranges


@program("d:f:c:b:s", "output-delimiter=", "complement")
async def cut(call: Call, options: Options, operands: list[str]) -> int:
    """Parts of lines: fields with -f, characters with -c."""
    chosen = options.get("f") or options.get("c") or options.get("b")
    if chosen is None:
        await call.complain("you must specify a list of bytes, characters, or fields")
        return 1
    ranges = _ranges(chosen)

    def picks(number: int) -> bool:
        return any(start <= number <= end for start, end in ranges) != ("complement" in options)

    separator = os.fsencode(options.get("d", "\t"))
    joiner = os.fsencode(options.get("output-delimiter", options.get("d", "\t")))
    inputs = Inputs(call, operands)
    async for _, line in inputs.lines():
        if "f" not in options:
            kept = bytes(byte for number, byte in enumerate(line, 1) if picks(number))
        elif separator not in line:
            if "s" in options:
                continue
            kept = line
        else:
            kept = joiner.join(field for number, field in enumerate(line.split(separator), 1) if picks(number))
        await call.stdout.write(kept + b"\n")
    return int(inputs.failed)


_CLASSES = {
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "digit": "0123456789",
    "space": " \t\n\r\f\v",
    "cntrl": "".join(map(chr, range(32))) + "\x7f",
}
_CLASSES["alpha"] = _CLASSES["upper"] + _CLASSES["lower"]
_CLASSES["alnum"] = _CLASSES["digit"] + _CLASSES["alpha"]


def _characters(text: str) -> str:
    text = re.sub(r"\[:(\w+):\]", lambda match: _CLASSES.get(match[1], ""), text)
    escapes = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
    text = re.sub(r"\\([0-7]{1,3})", lambda match: chr(int(match[1], 8)), text)
    text = re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[1]), text)
    return re.sub(
        r"(.)-(.)", lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))), text, flags=re.S
    )


@program("dscC")
async def tr(call: Call, options: Options, operands: list[str]) -> int:
    """Replace, delete (-d) or squeeze (-s) characters."""
    if not operands:
        await call.complain("missing operand")
        return 1
    first = _characters(operands[0])
    if "c" in options or "C" in options:
        first = "".join(chr(code) for code in range(256) if chr(code) not in first)
    second = _characters(operands[1]) if len(operands) > 1 else ""
    data = (await call.stdin.read()).decode("latin-1")
    if "d" in options:
        data = "".join(character for character in data if character not in first)
    elif second:
        padded = second.ljust(len(first), second[-1])
        data = data.translate(dict(zip(map(ord, first), padded, strict=False)))
    if "s" in options:
        squeezed = re.escape(second or first)
        data = re.sub(f"([{squeezed}])\\1+", r"\1", data) if squeezed else data
    await call.stdout.write(data.encode("latin-1", "replace"))
    return 0


@program("a")
async def tee(call: Call, options: Options, operands: list[str]) -> int:
    """Copy standard input to standard output and to files."""
    data = await call.stdin.read()
    await call.stdout.write(data)
    for name in operands:
        path = call.path(name)
        await call.host.files.reach(path)
        before = call.host.files.read(path, call.account) if "a" in options and call.host.files.exists(path) else b""
        if path != "/dev/null":
            call.host.files.write(path, before + data, call.account, mode=0o666 & ~call.umask)
    return 0
