"""The action log: JSON Lines, one file a month, append-only, each line chained to the one before.

A directory (mode 0700) of files `YYYY-MM.jsonl` (mode 0600). Each line is an object with `seq`, `at`, `operator`,
`from`, `cluster`, `runbook`, `operation`, `event`, `prev` and data of its own; `prev` is the SHA-256 of the line
before, without its line end, over all files. `head` holds the last line's number and hash, so that a cut tail shows.
`lock` is held while a line is written. A line goes into the newest file there is, or the current month's if that is
newer, so a clock that is set back changes no order.
"""

from dslsconsole.journal.entry import Entry, Origin
from dslsconsole.journal.errors import JournalError
from dslsconsole.journal.following import Tail
from dslsconsole.journal.reading import last, read
from dslsconsole.journal.verifying import Damage, verify
from dslsconsole.journal.writing import Journal

__all__ = ["Damage", "Entry", "Journal", "JournalError", "Origin", "Tail", "last", "read", "verify"]
