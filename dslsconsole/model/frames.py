"""Frames: what flows from the reading process to whoever draws, records, reports or forwards it.

One frame is one JSON object on one line. A stream begins with `hello` and `full`; every later state follows from
them by applying the frames in order (`picture.Picture`). A reader that does not know a frame's type skips it.
"""

import msgspec
from msgspec import Struct

from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.shape import EstateShape
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, ClusterVerdict

SCHEMA = 1


class Hello(Struct, frozen=True, tag="hello", tag_field="frame"):
    """The first frame: which format, made by whom, of what."""

    at: float
    estate: EstateShape
    schema: int = SCHEMA
    version: str = ""


class Full(Struct, frozen=True, tag="full", tag_field="frame"):
    """A whole snapshot: the state from here on."""

    at: float
    snapshot: Snapshot
    verdicts: tuple[ClusterVerdict, ...] = ()
    alerts: tuple[Alert, ...] = ()


class Change(Struct, frozen=True, tag="change", tag_field="frame", omit_defaults=True):
    """What one tick brought.

    `nodes` and `balancers` hold only the sections that changed, each a whole reading, by host key. `touched` names
    the hosts that were asked again, with the time: it is applied first, to every section of the host that is not in
    this frame, and means "as before": a section without failure was read again with the same value (`at` and
    `tried_at` move), one with a failure failed again in the same way (`tried_at` moves).
    """

    at: float
    touched: dict[str, float] = {}
    nodes: dict[str, NodeReadings] = {}
    balancers: dict[str, BalancerReadings] = {}
    history: dict[str, tuple[int | None, ...]] = {}
    round_at: float | None = None


class Verdicts(Struct, frozen=True, tag="verdicts", tag_field="frame"):
    """The verdicts of the clusters that changed."""

    at: float
    verdicts: tuple[ClusterVerdict, ...]


class Alerts(Struct, frozen=True, tag="alerts", tag_field="frame"):
    """Every alert that holds now, worst first; replaces what was said before."""

    at: float
    alerts: tuple[Alert, ...]


class Trouble(Struct, frozen=True, tag="trouble", tag_field="frame"):
    """The reading process itself is in trouble, in words for the operator. `ends` when it can't go on."""

    at: float
    text: str
    ends: bool = False


Frame = Hello | Full | Change | Verdicts | Alerts | Trouble

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_tag = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KNOWN = frozenset({"hello", "full", "change", "verdicts", "alerts", "trouble"})


def encode(frame: Frame) -> bytes:
    """One line, with its line end."""
    return _encoder.encode(frame) + b"\n"


def decode(line: bytes) -> Frame | None:
    """The frame on one line; None for a type this version does not know.

    Raises:
        ValueError: the line is no frame (msgspec's DecodeError and ValidationError are ValueErrors).
    """
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError:
        kind = _tag.decode(line).get("frame")
        if kind is not None and msgspec.json.decode(kind) not in _KNOWN:
            return None
        raise
    except RecursionError:
        raise ValueError("it is nested more deeply than any frame") from None
