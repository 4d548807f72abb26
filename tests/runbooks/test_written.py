"""What a journal tells of an operation that was cut off."""

from types import SimpleNamespace
from typing import cast

from dslsconsole.journal import Entry
from dslsconsole.runbooks.written import of_last_run


def entries(*events: str) -> list[Entry]:
    return [cast(Entry, SimpleNamespace(event=event, number=number)) for number, event in enumerate(events)]


def test_of_an_id_that_was_given_to_a_run_before_only_the_last_run_counts() -> None:
    first = ("planned", "confirmed", "step-started", "step-ended", "outcome")
    told = entries(*first, "planned", "guard", "confirmed", "step-started")
    assert of_last_run(told) == told[len(first) :]


def test_what_was_taken_up_from_elsewhere_begins_with_its_plan() -> None:
    told = entries("planned", "resumed", "step-started")
    assert of_last_run(told) == told
    again = entries("planned", "confirmed", "step-started", "planned", "resumed", "step-ended")
    assert of_last_run(again) == again
