"""sha256sum, md5sum, gzip, gunzip, zcat, base64."""

import base64 as base64_codec
import binascii
import gzip as gzip_codec
import hashlib
import zlib

from dslsconsole.lab.host import Call, Program
from dslsconsole.lab.userland.calling import Inputs, Options, program

_MOST = 64 << 20
"""Bytes a compressed stream may become."""


def digest(algorithm: str) -> Program:
    """A program that prints and checks digests."""

    @program("cbt", "check", "quiet", "status")
    async def run(call: Call, options: Options, operands: list[str]) -> int:
        inputs = Inputs(call, operands)
        if "c" in options or "check" in options:
            return await _check(call, inputs, algorithm)
        async for name, data in inputs.whole():
            await call.say(f"{hashlib.new(algorithm, data).hexdigest()}  {name}")
        return int(inputs.failed)

    return run


async def _check(call: Call, inputs: Inputs, algorithm: str) -> int:
    status = 0
    for line in await inputs.all_lines():
        wanted, _, name = line.decode("utf-8", "surrogateescape").partition("  ")
        async for _, data in Inputs(call, [name]).whole():
            fits = hashlib.new(algorithm, data).hexdigest() == wanted
            await call.say(f"{name}: {'OK' if fits else 'FAILED'}")
            status = status or int(not fits)
    return status


def _decompressed(data: bytes) -> bytes:
    decoder = zlib.decompressobj(31)
    text = decoder.decompress(data, _MOST)
    if not decoder.eof:
        raise EOFError
    return text


@program("cdkfn123456789")
async def gzip(call: Call, options: Options, operands: list[str]) -> int:
    """Compress to standard output, or with -d decompress; files are replaced as by the real one without -c."""
    expands = "d" in options or call.name in ("gunzip", "zcat")
    inputs = Inputs(call, operands)
    async for name, data in inputs.whole():
        try:
            text = _decompressed(data) if expands else gzip_codec.compress(data, mtime=0)
        except (zlib.error, EOFError) as error:
            reason = "unexpected end of file" if isinstance(error, EOFError) else "not in gzip format"
            await call.stderr.write(f"\ngzip: {'stdin' if name == '-' else name}: {reason}\n".encode())
            return 1
        if name == "-" or "c" in options or call.name == "zcat":
            await call.stdout.write(text)
            continue
        path = call.path(name)
        call.host.files.write(path.removesuffix(".gz") if expands else path + ".gz", text, call.account)
        if "k" not in options:
            call.host.files.remove(path, call.account)
    return int(inputs.failed)


@program("dw:i", "decode", "wrap=")
async def base64(call: Call, options: Options, operands: list[str]) -> int:
    """Encode, or with -d decode."""
    inputs = Inputs(call, operands[:1])
    async for _, data in inputs.whole():
        if "d" in options or "decode" in options:
            try:
                await call.stdout.write(base64_codec.b64decode(b"".join(data.split()), validate=True))
            except binascii.Error:
                await call.complain("invalid input")
                return 1
            continue
        width = int(options.get("w", options.get("wrap", "76")))
        text = base64_codec.b64encode(data)
        lines = [text[start : start + width] for start in range(0, len(text), width)] if width else [text]
        await call.stdout.write(b"".join(line + b"\n" * bool(width) for line in lines))
    return int(inputs.failed)
