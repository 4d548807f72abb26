"""Programs that are started often: `DSLicSrv`, `systemctl` and `systemd-run`, each a call to its server.

`python -I -S programs.py DSLicSrv|systemctl|systemd-run ARGUMENT...`

What they stand for starts in a few milliseconds, and nobody is served while some of it runs. So they import modules
of C alone, and what is said is framed here: a call is the arguments and the standard input, an answer the exit status
and both outputs, in base 64 and parted by blanks, on one line.
"""

import binascii
import sys
from _socket import AF_INET, AF_UNIX, socket

PORT = 27000
LICENCE_SOCKET = "/run/dslicsrv.sock"
UNITS_SOCKET = "/run/units.sock"
FILES_SOCKET = "/run/dslicsrv-files.sock"
CALL = b"CALL "
CONNECT_S = 2.0
ANSWER_S = 60.0
OFFLINE = ("-export-state", "-import-state", "-validate", "-verify-dr-sync")
"""What the licence server's files answer too."""
ELSEWHERE = {
    "-status": "-server",
    "-cluster-status": "-server",
    "-tokens": "-server",
    "-sessions": "-server",
    "-test-checkout": "-server",
    "-sync-tokens": "-target",
    "-promote-to-primary": "-node",
    "-demote-to-backup": "-node",
}
"""Commands that another server answers, and the option that names it."""


def _packed(*parts: bytes) -> bytes:
    return b" ".join(binascii.b2a_base64(part, newline=False) or b"=" for part in parts) + b"\n"


def _unpacked(line: bytes) -> list[bytes]:
    return [b"" if part == b"=" else binascii.a2b_base64(part) for part in line.split()]


def answer_line(status: int, stdout: bytes, stderr: bytes) -> bytes:
    """What a server answers to a call."""
    return _packed(b"%d" % status, stdout, stderr)


def call_in(line: bytes) -> tuple[list[str], bytes]:
    """The arguments and the standard input of a call. Raises ValueError."""
    arguments, stdin = _unpacked(line.removeprefix(CALL))
    return (arguments.decode().split("\0") if arguments else []), stdin


def asked(connection: socket, arguments: list[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    connection.settimeout(ANSWER_S)
    connection.sendall(CALL + _packed("\0".join(arguments).encode(), stdin))
    line = b""
    while not line.endswith(b"\n"):
        if not (chunk := connection.recv(65_536)):
            raise ValueError("no answer")
        line += chunk
    status, stdout, stderr = _unpacked(line)
    return int(status), stdout, stderr


def connected(family: int, where: str | tuple[str, int]) -> socket:
    connection = socket(family)
    connection.settimeout(CONNECT_S)
    connection.connect(where)
    return connection


def told(answer: tuple[int, bytes, bytes]) -> int:
    status, stdout, stderr = answer
    sys.stdout.buffer.write(stdout)
    sys.stderr.buffer.write(stderr)
    return status


def units(words: list[str]) -> int:
    return told(asked(connected(AF_UNIX, UNITS_SOCKET), words))


def licence_server(arguments: list[str]) -> int:
    verb = arguments[0] if arguments else ""
    option = ELSEWHERE.get(verb)
    where = arguments[arguments.index(option) + 1 :][:1] if option in arguments else []
    stdin = sys.stdin.buffer.read() if verb in ("-sync-tokens", "-import-state") else b""
    try:
        if where:
            host, _, port = where[0].partition(":")
            connection = connected(AF_INET, (host, int(port or PORT)))
        else:
            connection = connected(AF_UNIX, LICENCE_SOCKET)
    except (OSError, ValueError) as failure:
        if where:
            sys.stderr.write(f"ERROR: {where[0]} cannot be reached: {failure}\n")
        elif verb not in OFFLINE:
            sys.stdout.write("Server Status: Stopped\n" if verb == "-status" else "")
            sys.stderr.write("ERROR: local server does not run\n")
        if where or verb not in OFFLINE:
            return 3
        connection = connected(AF_UNIX, FILES_SOCKET)
    try:
        return told(asked(connection, arguments, stdin))
    except (OSError, ValueError):
        sys.stderr.write("ERROR: the server gave no answer\n")
        return 3


if __name__ == "__main__":
    sys.exit(licence_server(sys.argv[2:]) if sys.argv[1] == "DSLicSrv" else units(sys.argv[1:]))
