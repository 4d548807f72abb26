"""Licence files: what lies in the licence directory and whether it is valid."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
from collections.abc import Iterable

from dslsconsole.lab.filesystem import FileSystem
from dslsconsole.lab.world.site import POOLS

EXPIRES = "2027-03-31"
_EXPIRY = re.compile(r"^expires=(\d{4}-\d{2}-\d{2})$", re.MULTILINE)
_SIGNATURE = re.compile(r"^signature=([0-9a-f]{16})$", re.MULTILINE)


def sign(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def license_text(feature: str, tokens: int, expires: str) -> str:
    """A licence file for one feature."""
    body = f"product={feature}\ntokens={tokens}\nexpires={expires}\n"
    return f"{body}signature={sign(body)}\n"


def license_files(expires: str = EXPIRES) -> dict[str, str]:
    """The twelve licence files of the estate: two a feature."""
    files = {}
    for features in POOLS.values():
        for feature, tokens in features.items():
            half = tokens // 2
            files[f"{feature}-a.lic"] = license_text(feature, half, expires)
            files[f"{feature}-b.lic"] = license_text(feature, tokens - half, expires)
    return files


def judge(texts: Iterable[tuple[str, str]], today: datetime.date) -> tuple[bool, str]:
    """Whether licence files (name, text) are valid, and `expires …` or the reason."""
    expiries = []
    for name, text in texts:
        expiry, signature = _EXPIRY.search(text), _SIGNATURE.search(text)
        if expiry is None or signature is None or sign(text[: signature.start()]) != signature[1]:
            return False, f"{name}: signature does not match"
        expiries.append(expiry[1])
    if not expiries:
        return False, "no license files"
    first = min(expiries)
    if datetime.date.fromisoformat(first) < today:
        return False, f"expired on {first}"
    return True, f"expires {first}"


def read_directory(files: FileSystem, directory: str) -> dict[str, bytes]:
    """Names and contents of the files in a directory; empty where there is none."""
    if not files.is_directory(directory):
        return {}
    names = files.names(directory)
    return {name: files.read(f"{directory}/{name}") for name in names if files.status(f"{directory}/{name}").is_file}


def fingerprint(files: FileSystem, directory: str) -> tuple[tuple[str, int, int, int], ...]:
    """What differs once a file in a directory was written, came or went; empty where there is no directory."""
    try:
        with os.scandir(files.place(directory).real) as entries:
            found = ((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
            return tuple(sorted((name, at.st_ino, at.st_size, at.st_mtime_ns) for name, at in found))
    except OSError:
        return ()


def checksums(files: FileSystem, directory: str, exclude: Iterable[str] = ()) -> dict[str, str]:
    """SHA-256 of each file in a directory."""
    contents = read_directory(files, directory)
    return {name: hashlib.sha256(data).hexdigest() for name, data in contents.items() if name not in set(exclude)}
