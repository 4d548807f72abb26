"""What can go wrong with the action log, as sentences for the person on call."""

import errno
from pathlib import Path

_ADVICE = {
    errno.ENOSPC: "no space is left on its disk; free some space there",
    errno.EDQUOT: "the disk quota is used up; free some space there",
    errno.EFBIG: "the file would be bigger than is allowed here; raise the limit (ulimit -f)",
    errno.EROFS: "its file system is read-only; look why, and mount it writable or name another journal.directory",
    errno.EACCES: "this user may not write there; change its owner or name another journal.directory",
    errno.EPERM: "this user may not write there; change its owner or name another journal.directory",
    errno.EIO: "its disk has an error; look at the system's log and name another journal.directory",
    errno.ENOTDIR: "a part of the path is no directory; name another journal.directory",
    errno.EEXIST: "it is no directory; name another journal.directory",
    errno.ENAMETOOLONG: "the path is too long; name another journal.directory",
    errno.ELOOP: "a part of it is a symbolic link where none may be; remove the link",
    errno.EMFILE: "too many files are open; end other programs of this user",
}


class JournalError(Exception):
    """The action log can't be written or read; the text is a sentence that says what to do."""


def failed(doing: str, directory: Path, error: OSError) -> JournalError:
    """The error for a system call that failed while `doing` (`written`, `read`) the log in the directory."""
    where = "".join(char if char.isprintable() else "?" for char in str(directory))
    reason = _ADVICE.get(error.errno or 0)
    if reason is None:
        reason = f"{(error.strerror or 'the reason is unknown').lower()}; look at the directory"
    return JournalError(f"The action log in {where} can't be {doing}: {reason}.")
