"""Why a host could not be asked, in words for the person on call."""

import asyncio
import errno
import socket
import ssl

import asyncssh

from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.ssh.cleaning import clean


class SshError(Exception):
    """Something over SSH did not work. `failure` is what to show and to record."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def failed(kind: FailureKind, text: str) -> SshError:
    return SshError(Failure(kind, clean(text, 600)))


def explained(error: BaseException, where: str, doing: str = "connecting", limit_s: float | None = None) -> SshError:
    """The error as an `SshError`: what happened, at `where`, while `doing`, and what to do about it.

    Host keys are not explained here but in `hostkeys`, which knows what was expected.
    """
    if isinstance(error, SshError):
        return error
    kind, text = _told(error, where, doing, limit_s)
    return failed(kind, text)


def _told(error: BaseException, where: str, doing: str, limit_s: float | None) -> tuple[FailureKind, str]:
    match error:
        case asyncssh.PermissionDenied():
            return (
                FailureKind.PERMISSION,
                f"{where} accepts none of our keys; look at authorized_keys there and at the keys and the agent here",
            )
        case asyncssh.ChannelOpenError():
            return _channel_refused(error, where, doing)
        case asyncssh.SFTPError():
            return _file_refused(error, where, doing)
        case asyncssh.KeyExchangeFailed():
            return FailureKind.FAILED, f"{where} and we share no cryptographic method: {error.reason}"
        case asyncssh.ConnectionLost():
            return FailureKind.LOST, f"the connection to {where} ended while {doing}"
        case asyncssh.DisconnectError():
            return FailureKind.LOST, f"{where} ended the connection while {doing}: {error.reason}"
        case TimeoutError():
            limit = "in time" if limit_s is None else f"within {limit_s:g} s"
            if doing == "connecting":
                return FailureKind.UNREACHABLE, f"{where} did not answer {limit}; is it on, and is the way to it open?"
            return FailureKind.NO_ANSWER, f"{where} did not answer {limit} while {doing}"
        case OSError():
            return _system(error, where, doing)
        case asyncio.IncompleteReadError() | EOFError():
            return FailureKind.LOST, f"the connection to {where} ended while {doing}"
    return FailureKind.FAILED, f"{doing} at {where} failed: {str(error) or type(error).__name__}"


def _channel_refused(error: asyncssh.ChannelOpenError, where: str, doing: str) -> tuple[FailureKind, str]:
    if error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
        return FailureKind.PERMISSION, f"{where} does not allow this while {doing}: {error.reason}"
    if "closed" in error.reason.lower() or "lost" in error.reason.lower():
        return FailureKind.LOST, f"the connection to {where} ended while {doing}"
    if error.code == asyncssh.OPEN_CONNECT_FAILED:
        # OpenSSH says the same "open failed" for a full MaxSessions, a socket that is not there and a forbidden one.
        return (
            FailureKind.BUSY,
            f"{where} refused another channel while {doing}: too many sessions on this connection (MaxSessions), or "
            "not allowed for this key",
        )
    return FailureKind.BUSY, f"{where} refused another channel while {doing}: {error.reason}"


def _file_refused(error: asyncssh.SFTPError, where: str, doing: str) -> tuple[FailureKind, str]:
    match error:
        case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath():
            return FailureKind.ABSENT, f"{where}: no such file while {doing}"
        case asyncssh.SFTPPermissionDenied():
            return FailureKind.PERMISSION, f"{where}: permission denied while {doing}; look at owner and mode there"
        case asyncssh.SFTPNoSpaceOnFilesystem() | asyncssh.SFTPQuotaExceeded():
            return FailureKind.FAILED, f"{where}: the disk is full; it was needed for {doing}"
    return FailureKind.FAILED, f"{where}: {doing} failed: {error.reason}"


def _system(error: OSError, where: str, doing: str) -> tuple[FailureKind, str]:
    if isinstance(error, socket.gaierror):
        return FailureKind.UNREACHABLE, f"the name of {where} is not found; give its address in the estate file"
    if isinstance(error, ssl.SSLError):
        return FailureKind.FAILED, f"{where}: {error.reason}"
    match error.errno:
        case errno.ECONNREFUSED:
            return FailureKind.REFUSED, f"{where} refuses the connection: the host is up, nothing listens there"
        case errno.ECONNRESET | errno.EPIPE | errno.ECONNABORTED:
            if doing == "connecting":
                return (
                    FailureKind.BUSY,
                    f"{where} hung up before asking who we are: too many connections at once (MaxStartups), or a ban",
                )
            return FailureKind.LOST, f"the connection to {where} was reset while {doing}"
        case errno.EACCES | errno.EPERM:
            return FailureKind.PERMISSION, f"{where}: {error.strerror} while {doing}"
        case errno.EHOSTUNREACH | errno.ENETUNREACH | errno.ETIMEDOUT | errno.EHOSTDOWN | errno.ENETDOWN:
            return FailureKind.UNREACHABLE, f"there is no way to {where}: {error.strerror}"
    if error.errno is None and "Multiple exceptions" in str(error):
        kind = FailureKind.REFUSED if "refused" in str(error).lower() else FailureKind.UNREACHABLE
        return kind, f"{where} can't be reached at any of its addresses: {error}"
    return FailureKind.UNREACHABLE, f"{where}: {error.strerror or error} while {doing}"
