"""Token pools, their features and who has checked out what."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


class RefusedError(Exception):
    """A licence server's refusal: the sentence after `ERROR: `."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


@dataclass
class Feature:
    name: str
    total: int
    used: int = 0
    queued: int = 0

    @property
    def available(self) -> int:
        return max(0, self.total - self.used)

    def as_document(self) -> Document:
        return {
            "name": self.name,
            "total": self.total,
            "used": self.used,
            "available": self.available,
            "queued": self.queued,
        }


@dataclass
class Pool:
    name: str
    features: dict[str, Feature]
    peak: int = 0

    @property
    def total(self) -> int:
        return sum(feature.total for feature in self.features.values())

    @property
    def used(self) -> int:
        return sum(feature.used for feature in self.features.values())

    @property
    def queued(self) -> int:
        return sum(feature.queued for feature in self.features.values())

    def as_document(self) -> Document:
        return {
            "name": self.name,
            "total": self.total,
            "used": self.used,
            "available": max(0, self.total - self.used),
            "queued": self.queued,
            "peak": self.peak,
            "features": [feature.as_document() for feature in self.features.values()],
        }


@dataclass
class Checkout:
    """One licence in somebody's hands; times in epoch seconds."""

    user: str
    host: str
    feature: str
    tokens: int
    since: float
    active_at: float

    def as_document(self, now: float) -> Document:
        return {
            "user": self.user,
            "host": self.host,
            "feature": self.feature,
            "tokens": self.tokens,
            "since": stamp(self.since),
            "idle_s": max(0, round(now - self.active_at)),
        }


def stamp(epoch_seconds: float) -> str:
    """RFC 3339 in UTC, to the second."""
    return datetime.datetime.fromtimestamp(epoch_seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class TokenState:
    """What a licence server knows about its tokens. `generation` counts every change."""

    generation: int
    pools: dict[str, Pool]
    checkouts: dict[int, Checkout] = field(default_factory=dict)
    next_checkout: int = 1

    def feature(self, name: str) -> tuple[Pool, Feature]:
        """The feature and its pool. Raises `RefusedError` where there is none of that name."""
        for pool in self.pools.values():
            if found := pool.features.get(name.lower()):
                return pool, found
        raise RefusedError(f"unknown feature {name}")

    def take(self, checkout: Checkout) -> int:
        """Check a licence out; its number. Raises `RefusedError` where there are not enough tokens."""
        pool, feature = self.feature(checkout.feature)
        if checkout.tokens > feature.available:
            raise RefusedError(f"no tokens: {feature.name} needs {checkout.tokens}, {feature.available} available")
        feature.used += checkout.tokens
        pool.peak = max(pool.peak, pool.used)
        number, self.next_checkout = self.next_checkout, self.next_checkout + 1
        self.checkouts[number] = checkout
        self.generation += 1
        return number

    def give_back(self, number: int) -> None:
        """Check a licence in; one that is unknown here was lost with an older state and changes nothing."""
        checkout = self.checkouts.pop(number, None)
        if checkout is None:
            return
        feature = self.feature(checkout.feature)[1]
        feature.used = max(0, feature.used - checkout.tokens)
        self.generation += 1

    def count_again(self) -> None:
        """Make the counts those of the checkouts, as a server does when it takes over and its clients come back."""
        used: dict[str, int] = {}
        for checkout in self.checkouts.values():
            used[checkout.feature] = used.get(checkout.feature, 0) + checkout.tokens
        changed = False
        for pool in self.pools.values():
            for feature in pool.features.values():
                changed |= feature.used != used.get(feature.name, 0)
                feature.used = used.get(feature.name, 0)
        self.generation += changed

    def apply(self, document: Document) -> None:
        """Take over generation and counts of a `-tokens -format json`. Raises `RefusedError` where it is none."""
        try:
            generation = int(document["generation"])
            counts = {
                (pool["name"], feature["name"]): (int(feature["used"]), int(feature.get("queued", 0)))
                for pool in document["pools"]
                for feature in pool.get("features", [])
            }
            peaks = {pool["name"]: int(pool.get("peak", 0)) for pool in document["pools"]}
        except (KeyError, TypeError, ValueError):
            raise RefusedError("standard input is no token state") from None
        for pool in self.pools.values():
            pool.peak = peaks.get(pool.name, pool.peak)
            for feature in pool.features.values():
                feature.used, feature.queued = counts.get((pool.name, feature.name), (feature.used, feature.queued))
        self.generation = generation

    def as_document(self) -> Document:
        """Everything, for a file."""
        return {
            "generation": self.generation,
            "pools": [pool.as_document() for pool in self.pools.values()],
            "checkouts": {str(number): vars(checkout) for number, checkout in self.checkouts.items()},
            "next_checkout": self.next_checkout,
        }

    @classmethod
    def from_document(cls, document: Document) -> TokenState:
        """The reverse of `as_document`. Raises KeyError, TypeError or ValueError where it is something else."""
        pools = {
            pool["name"]: Pool(
                pool["name"],
                {
                    item["name"]: Feature(item["name"], int(item["total"]), int(item["used"]), int(item["queued"]))
                    for item in pool["features"]
                },
                int(pool["peak"]),
            )
            for pool in document["pools"]
        }
        checkouts = {int(number): Checkout(**fields) for number, fields in document["checkouts"].items()}
        return cls(int(document["generation"]), pools, checkouts, int(document["next_checkout"]))

    def copy(self) -> TokenState:
        pools = {
            name: Pool(
                name, {f.name: Feature(f.name, f.total, f.used, f.queued) for f in pool.features.values()}, pool.peak
            )
            for name, pool in self.pools.items()
        }
        return TokenState(self.generation, pools, dict(self.checkouts), self.next_checkout)


def fresh(pools: dict[str, dict[str, int]], generation: int) -> TokenState:
    """A state in which nobody has checked anything out."""
    return TokenState(
        generation,
        {name: Pool(name, {f: Feature(f, total) for f, total in features.items()}) for name, features in pools.items()},
    )
