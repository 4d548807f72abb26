"""The estate file changes while it is used."""

from pathlib import Path

from dslsconsole.watch.renewing import changed

MINIMAL = (Path(__file__).parent.parent.parent / "config" / "estate-minimal.yaml").read_text()


class Days:
    """Does one thing at each pause."""

    def __init__(self, path: Path, *contents: str | None) -> None:
        self.path = path
        self.contents = list(contents)

    async def pause(self, seconds: float) -> None:
        assert seconds > 0
        content = self.contents.pop(0)
        if content is None:
            self.path.unlink(missing_ok=True)
        else:
            self.path.write_text(content)


async def test_a_sound_change_is_taken_once_it_stands(tmp_path: Path) -> None:
    path, said, new = tmp_path / "estate.yaml", list[str](), f"{MINIMAL}# changed\n"
    path.write_text(MINIMAL)
    days = Days(path, MINIMAL, None, MINIMAL, "version: 1\n", new, new, new)
    await changed(path, said.append, days.pause)
    assert said == ["the estate file has changed and is read anew"], "half a file is not looked at"
    assert days.contents == []


async def test_what_is_not_sound_is_said_and_what_comes_after_is_taken(tmp_path: Path) -> None:
    path, said, bad = tmp_path / "estate.yaml", list[str](), MINIMAL.replace("clusters:", "klusters:")
    path.write_text(MINIMAL)
    await changed(path, said.append, Days(path, bad, bad, bad, MINIMAL, MINIMAL).pause)
    assert len(said) == 2
    assert "not sound, so the one before is used on" in said[0]
    assert "estate.yaml:3:1: clusters: is missing" in said[0]
    assert said[1] == "the estate file has changed and is read anew"
