"""The two load balancers' keepalived do not understand each other."""

from collections.abc import Iterator

from dslsconsole.audit.of_keepalived import of_pairs
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_keepalived
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.keepalived.configuration import Instance, KeepalivedConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the pair of keepalived belongs together",
        why="Routers with another virtual_router_id, password, interval or protocol version drop each other's "
        "advertisements: each "
        "takes itself for the only one, and both hold the address (RFC 5798, 7.1; keepalived.conf(5)).",
        of_cluster=lambda facts: of_pairs(facts, _differ),
    )


def _differ(pair: dict[str, tuple[KeepalivedConfig, Instance]]) -> Iterator[Verdict]:
    (first, (_, one)), *others = pair.items()
    for host, (_, other) in others:
        evidence = list(_differences(first, one, host, other))
        if evidence:
            yield found(
                host,
                f"keepalived of {first} and {host} do not belong together",
                in_keepalived(
                    host,
                    "make `virtual_router_id`, `advert_int`, `authentication`, `version` and `virtual_ipaddress` "
                    f"those of {first}",
                ),
                *evidence,
            )


def _differences(first: str, one: Instance, host: str, other: Instance) -> Iterator[str]:
    told = (
        ("virtual_router_id", one.router_id, other.router_id),
        ("advert_int", one.advert_s, other.advert_s),
        ("auth_type", one.auth_type, other.auth_type),
        ("version", one.version, other.version),
        ("virtual_ipaddress", sorted(one.addresses), sorted(other.addresses)),
    )
    for name, here, there in told:
        if here != there:
            yield f"{name} is {_told(here)} on {first} and {_told(there)} on {host}"
    if one.auth_type == other.auth_type and one.auth_digest != other.auth_digest:
        yield "auth_pass differs (it is not shown)"


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "not given" if value is None else f"{value}"
