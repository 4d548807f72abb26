"""Anchors of the action log: lines of text among others, held against the log."""

from pathlib import Path

from dslsconsole.journal import Journal, Origin
from dslsconsole.journal.anchoring import anchor_of, anchors_in, held_against, place_of


def log(directory: Path, count: int) -> None:
    journal = Journal(directory, lambda: 1_800_000_000.0)
    for number in range(count):
        journal.append("note", operator="anna", origin=Origin("jump-01"), text=f"{number}")


def test_an_anchor_is_found_again_behind_what_a_syslog_puts_before(tmp_path: Path) -> None:
    directory = tmp_path / "a log"
    assert anchor_of(directory, 0.0) is None
    log(directory, 3)
    anchor = anchor_of(directory, 1_800_000_000.0)
    assert anchor is not None
    assert anchor.seq == 3
    texts = ["", "Jan 1 jump-01 sshd: else", f"Jan  1 00:00:00 jump-01 dslsconsole: {anchor.line()}"]
    assert anchors_in(texts, place_of(directory)) == (anchor,)
    assert anchors_in(texts, place_of(tmp_path / "another")) == ()


def test_an_honest_log_holds_against_all_its_anchors(tmp_path: Path) -> None:
    anchors = []
    for _ in range(3):
        log(tmp_path, 2)
        anchors.append(anchor_of(tmp_path, 0.0))
    log(tmp_path, 1)
    assert held_against(tmp_path, [anchor for anchor in anchors if anchor], "there") == ()


def test_a_log_that_was_replaced_or_began_anew_is_found(tmp_path: Path) -> None:
    log(tmp_path, 5)
    anchor = anchor_of(tmp_path, 0.0)
    assert anchor is not None
    for path in tmp_path.iterdir():
        path.unlink()
    (damage,) = held_against(tmp_path, [anchor], "there")
    assert "numbers up to 5 were written (there knows that since 1970-" in damage.text
    log(tmp_path, 2)
    (damage,) = held_against(tmp_path, [anchor], "there")
    assert "it ends with 2: the log was cut or replaced" in damage.text
    journal = Journal(tmp_path)
    for _ in range(5):
        journal.append("note", operator="bea", origin=Origin("jump-02"))
    (damage,) = held_against(tmp_path, [anchor], "there")
    assert "this line is not the one that there knows as number 5" in damage.text


def test_a_log_that_was_cut_and_grew_again_is_found_by_its_older_anchor(tmp_path: Path) -> None:
    log(tmp_path, 5)
    before = anchor_of(tmp_path, 0.0)
    for path in tmp_path.iterdir():
        path.unlink()
    journal = Journal(tmp_path)
    for _ in range(5):
        journal.append("note", operator="bea", origin=Origin("jump-02"))
    after = anchor_of(tmp_path, 1.0)
    assert before is not None
    assert after is not None
    assert held_against(tmp_path, [after], "there") == ()
    (damage,) = held_against(tmp_path, [before, after], "there")
    assert "this line is not the one that there knows as number 5" in damage.text
