"""On an estate of the vendor's own servers nothing is run, and the reason is told."""

import pytest

from dslsconsole.runbooks.permission import Person, forbidden
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings.schema import Estate

PERSON = Person("alice", frozenset(), "jump-01", None)


def estate(dialect: str) -> Estate:
    return Estate.model_validate(
        {
            "version": 1,
            "ssh": {"operate_user": "dslsop"},
            "dslicsrv": {"dialect": dialect},
            "clusters": {"c": {"nodes": {"n1": {"mode": "primary"}}}},
        }
    )


@pytest.mark.parametrize("runbook", sorted(builtin()))
def test_every_runbook_is_refused_with_its_reason(runbook: str) -> None:
    why = forbidden(estate("vendor"), runbook, PERSON)
    assert why is not None
    assert why.startswith(f"Not permitted: {runbook} ")
    assert "dialect: vendor" in why
    assert forbidden(estate("guide"), runbook, PERSON) is None


def test_the_vendor_s_port_is_that_of_its_administration_unless_another_is_named() -> None:
    assert estate("vendor").dslicsrv.port == 4084
    assert estate("guide").dslicsrv.port == 27000
    assert (
        Estate.model_validate(
            {
                "version": 1,
                "dslicsrv": {"dialect": "vendor", "port": 5084},
                "clusters": {"c": {"nodes": {"n1": {"mode": "primary"}}}},
            }
        ).dslicsrv.port
        == 5084
    )
