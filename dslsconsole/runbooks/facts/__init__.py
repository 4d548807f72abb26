"""What an operation concludes from a survey before it plans: who is primary, who takes over, what must be changed.

One module a kind of operation, each offering `conclude`. What can't be concluded is left out, never assumed.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import cast

from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground

Conclude = Callable[[Survey, Ground, Mapping[str, str], frozenset[str]], dict[str, Fact]]


def conclude(
    kind: str, survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]
) -> dict[str, Fact]:
    """The facts of one kind of operation. `params` are the runbook's asks, already complete."""
    module = importlib.import_module(f"dslsconsole.runbooks.facts.{kind}")
    return cast(Conclude, module.conclude)(survey, ground, params, attested)


def reads_addresses(kind: str) -> bool:
    """Whether conclusions of this kind need to know who holds the service address."""
    return getattr(importlib.import_module(f"dslsconsole.runbooks.facts.{kind}"), "READS_ADDRESSES", False)
