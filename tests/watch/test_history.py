"""Tokens in use over the last hour: one value a minute, and none where none was known."""

from dslsconsole.watch.history import LENGTH, History


def test_a_minute_keeps_its_first_known_value() -> None:
    history = History()
    assert history.observe("c/p", 10, 0.0)
    assert not history.observe("c/p", 11, 30.0)
    assert history.observe("c/p", 12, 60.0)
    assert history.series("c/p") == (10, 12)


def test_a_minute_without_a_value_is_a_gap_never_a_zero() -> None:
    history = History()
    history.observe("c/p", 10, 0.0)
    history.observe("c/p", None, 60.0)
    history.observe("c/p", 12, 240.0)
    assert history.series("c/p") == (10, None, None, None, 12)


def test_a_value_that_comes_late_fills_its_minute() -> None:
    history = History()
    history.observe("c/p", 10, 0.0)
    history.observe("c/p", None, 60.0)
    assert history.observe("c/p", 11, 90.0)
    assert history.series("c/p") == (10, 11)


def test_an_hour_is_kept_and_no_more_however_long_the_silence() -> None:
    history = History()
    for minute in range(100):
        history.observe("c/p", minute, 60.0 * minute)
    assert history.series("c/p") == tuple(range(40, 100))
    history.observe("c/p", 7, 60.0 * 1_000_000)
    assert len(history.series("c/p")) == LENGTH
    assert history.series("c/p")[-2:] == (None, 7)


def test_a_pool_that_was_never_known_has_no_series() -> None:
    history = History()
    assert not history.observe("c/p", None, 0.0)
    assert history.series("c/p") == ()
