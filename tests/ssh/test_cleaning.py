"""What a far side printed is shown, not obeyed."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from dslsconsole.ssh.cleaning import clean, clean_lines


@given(st.text(), st.integers(1, 80))
def test_no_control_character_survives_and_the_size_is_kept(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text("abc äß☃0-9", max_size=60))
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert clean(text) == " ".join(text.split())


def test_an_escape_sequence_is_shown_by_its_code() -> None:
    assert clean("\x1b[2Jowned\x07") == "\\x1b[2Jowned\\x07"


def test_a_direction_override_is_shown_by_its_code() -> None:
    assert clean("abc\u202eexe") == "abc\\u202eexe"


def test_what_was_cut_is_marked() -> None:
    assert clean("abcdef", 4) == "abc…"


def test_lines_are_cleaned_one_by_one_and_bounded_together() -> None:
    assert clean_lines("a\x1b\r\nb\n\n") == ("a\\x1b", "b")
    assert clean_lines("x" * 50, limit=10) == ("x" * 10, "… (cut here)")
