"""What a journal tells of an operation that was cut off."""

from types import SimpleNamespace
from typing import cast

from dslsconsole.journal import Entry
from dslsconsole.runbooks.record import highest_epoch
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


def told(event: str, operation: str = "one", **data: object) -> Entry:
    return cast(Entry, SimpleNamespace(event=event, operation=operation, data=data))


def test_the_highest_epoch_is_that_of_the_plans_and_of_their_promotions() -> None:
    steps = [{"command": ["systemctl stop"]}, {"command": ["DSLicSrv -promote-to-primary -node b"]}]
    plan = told("planned", epoch="7", steps=steps)
    assert highest_epoch([]) is None
    assert highest_epoch([plan]) == 7
    assert highest_epoch([plan, told("step-ended", step=1, outcome="done")]) == 7
    assert highest_epoch([plan, told("step-ended", step=2, outcome="failed")]) == 7
    promoted = [plan, told("step-ended", step=2, outcome="done")]
    assert highest_epoch(promoted) == 8
    # A new plan under the same id has promoted nothing yet: what it rests on does not change by its being written.
    assert highest_epoch([*promoted, told("planned", epoch="8", steps=steps)]) == 8
    assert highest_epoch([told("planned", epoch="9" * 20, steps="none"), told("planned", epoch=None)]) is None
