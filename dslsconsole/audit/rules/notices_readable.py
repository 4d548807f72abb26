"""Notifications go over the network readable and changeable by anybody on the way."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Estate

HERE = ("localhost", "127.0.0.1", "::1")


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether notifications are sent with TLS",
        why="By http:// the access token and the message are readable on the way, and an answer can be forged: "
        "users are not told, and "
        "the console believes that they were.",
        of_estate=_judge,
    )


def _judge(estate: Estate) -> Iterator[Verdict]:
    urls = [(f"notifications[{number}].webhook", one.webhook) for number, one in enumerate(estate.notifications)]
    for name, cluster in estate.clusters.items():
        if cluster.dr is not None and cluster.dr.notify is not None:
            urls.append((f"clusters.{name}.dr.notify.url", cluster.dr.notify.url))
    wrong = [
        found(
            "",
            f"{key} sends without TLS",
            in_estate(f"write https:// in {key}, as soon as {_host(url)} offers it"),
            f"{key} is http://{_host(url)}",
        )
        for key, url in urls
        if urlsplit(url).scheme == "http" and _host(url) not in HERE
    ]
    yield from wrong or [fine()]


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
