"""The bytes of `DSLicSrv -export-state`: a line that names generation and checksum, then the state as JSON."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from dataclasses import dataclass

from dslsconsole.lab.world.tokens import Document, RefusedError, TokenState

_HEADER = re.compile(rb"DSLS-STATE 1 generation=(\d+) sha256=([0-9a-f]{64})\n")
_MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exported:
    """A whole state: tokens, epoch, and the checksums of the files it belongs to."""

    epoch: int
    tokens: Document
    licenses: dict[str, str]
    config: dict[str, str]
    exported_at: float

    @property
    def generation(self) -> int:
        return int(self.tokens["generation"])


def encode(state: Exported) -> bytes:
    """The bytes of an export."""
    body = json.dumps({name: getattr(state, name) for name in Exported.__slots__}, sort_keys=True).encode() + b"\n"
    digest = hashlib.sha256(body).hexdigest()
    return f"DSLS-STATE 1 generation={state.generation} sha256={digest}\n".encode() + body


def decode(data: bytes) -> Exported:
    """The state in an export, gzipped or not. Raises `RefusedError` where it is damaged."""
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)[: _MOST_BYTES + 1]
        except (OSError, EOFError, zlib.error):
            raise RefusedError("state is damaged: not a whole gzip stream") from None
    header = _HEADER.match(data)
    if header is None:
        raise RefusedError("state is damaged: empty" if not data else "state is damaged: no DSLS-STATE header")
    body = data[header.end() :]
    if hashlib.sha256(body).hexdigest().encode() != header[2]:
        raise RefusedError("state is damaged: checksum does not match")
    try:
        state = Exported(**json.loads(body))
        TokenState.from_document(state.tokens)
    except (ValueError, TypeError, KeyError):
        raise RefusedError("state is damaged: unreadable content") from None
    if state.generation != int(header[1]):
        raise RefusedError("state is damaged: generation does not match")
    return state
