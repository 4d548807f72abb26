"""The reading process as a child: its end, its silence and its nonsense are said in words, and it is started again."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from dslsconsole.model.frames import Frame, Full, Hello, encode
from dslsconsole.tui import scenes, source
from dslsconsole.tui.source import Arrival, WatchProcess


def watch(script: str, *arguments: str, pause: float = 0.01) -> WatchProcess:
    return WatchProcess((sys.executable, "-c", script, *arguments), lambda: scenes.NOON, back_off=(pause,))


@pytest.fixture
def stream(tmp_path: Path) -> str:
    path = tmp_path / "frames.jsonl"
    path.write_bytes(b"".join(encode(frame) for frame in scenes.healthy()))
    return str(path)


PRINT = "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read()); sys.stdout.flush()"


async def first(arrivals: AsyncGenerator[Arrival, None], count: int) -> list[Arrival]:
    """The first arrivals, within ten seconds."""
    found: list[Arrival] = []
    async with asyncio.timeout(30), aclosing(arrivals):
        async for arrival in arrivals:
            found.append(arrival)
            if len(found) == count:
                break
    return found


def frames(arrivals: list[Arrival]) -> list[Frame]:
    return [frame for arrival in arrivals for frame in arrival.frames]


async def test_frames_come_as_they_were_written(stream: str) -> None:
    found = await first(watch(PRINT + "; import time; time.sleep(60)", stream).arrivals(), 1)
    assert [type(frame) for frame in frames(found)][:1] == [Hello]


async def test_its_end_is_said_with_its_last_words_and_it_is_started_again(stream: str) -> None:
    script = PRINT + "; sys.exit('the disk is \\x1b[2J full')"
    found = await first(watch(script, stream).arrivals(), 6)
    troubles = [arrival.trouble for arrival in found if arrival.trouble]
    assert troubles
    assert "stopped, last reading 12:00:05Z: it ended with status 1: the disk is ␛[2J full" in troubles[0]
    assert sum(isinstance(frame, Full) for frame in frames(found)) >= 2, "it was started again"


async def test_nonsense_ends_it() -> None:
    [arrival] = await first(watch("print('no frame', flush=True); import time; time.sleep(60)").arrivals(), 1)
    assert arrival.trouble is not None
    assert "a line that is no frame" in arrival.trouble
    assert "nothing was read yet" in arrival.trouble


async def test_silence_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "FIRST_FRAME_WITHIN_S", 0.2)
    [arrival] = await first(watch("import time; time.sleep(60)").arrivals(), 1)
    assert arrival.trouble is not None
    assert "it said nothing for 0 s" in arrival.trouble


async def test_a_line_without_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LONGEST_LINE", 100_000)
    [arrival] = await first(watch("while True: print('x' * 65536, end='')").arrivals(), 1)
    assert arrival.trouble is not None
    assert "longer than 100000 bytes" in arrival.trouble


async def test_what_can_not_be_started_is_said() -> None:
    missing = WatchProcess(("/nonexistent/program",), lambda: scenes.NOON, back_off=(0.01,))
    [arrival] = await first(missing.arrivals(), 1)
    assert arrival.trouble is not None
    assert "it can't be started: No such file or directory" in arrival.trouble


async def test_leaving_ends_the_process(tmp_path: Path, stream: str) -> None:
    script = (
        f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); {PRINT}; import time; time.sleep(60)"
    )
    await first(watch(script, stream).arrivals(), 1)
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_frame_of_a_later_version_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    path.write_bytes(b'{"frame":"hologram"}\n' + b"".join(encode(frame) for frame in scenes.healthy()))
    found = await first(watch(PRINT + "; import time; time.sleep(60)", str(path)).arrivals(), 1)
    assert isinstance(frames(found)[0], Hello)
