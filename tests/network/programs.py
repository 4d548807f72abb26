"""Programs that are started often, so they import little: `DSLicSrv`, `systemctl` and `systemd-run`, each a call to its
server.

`python -I -S programs.py DSLicSrv|systemctl|systemd-run ARGUMENT...`
"""

import base64
import json
import socket
import sys

PORT = 27000
LICENCE_SOCKET = "/run/dslicsrv.sock"
UNITS_SOCKET = "/run/units.sock"
FILES_SOCKET = "/run/dslicsrv-files.sock"
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


def asked(connection: socket.socket, question: object) -> dict[str, object]:
    connection.settimeout(ANSWER_S)
    with connection, connection.makefile("rwb") as stream:
        stream.write(json.dumps(question).encode() + b"\n")
        stream.flush()
        answer: dict[str, object] = json.loads(stream.readline())
        return answer


def local(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(CONNECT_S)
    connection.connect(path)
    return connection


def units(words: list[str]) -> int:
    answer = asked(local(UNITS_SOCKET), words)
    sys.stdout.write(str(answer["stdout"]))
    sys.stderr.write(str(answer["stderr"]))
    return int(str(answer["status"]))


def licence_server(arguments: list[str]) -> int:
    verb = arguments[0] if arguments else ""
    option = ELSEWHERE.get(verb)
    where = arguments[arguments.index(option) + 1 :][:1] if option in arguments else []
    stdin = sys.stdin.buffer.read() if verb in ("-sync-tokens", "-import-state") else b""
    try:
        if where:
            host, _, port = where[0].partition(":")
            connection = socket.create_connection((host, int(port or PORT)), CONNECT_S)
        else:
            connection = local(LICENCE_SOCKET)
    except (OSError, ValueError) as failure:
        if where:
            sys.stderr.write(f"ERROR: {where[0]} cannot be reached: {failure}\n")
        elif verb not in OFFLINE:
            sys.stdout.write("Server Status: Stopped\n" if verb == "-status" else "")
            sys.stderr.write("ERROR: local server does not run\n")
        if where or verb not in OFFLINE:
            return 3
        connection = local(FILES_SOCKET)
    try:
        question = {"do": "command", "arguments": arguments, "stdin": base64.b64encode(stdin).decode()}
        answer = asked(connection, question)
    except (OSError, ValueError):
        sys.stderr.write("ERROR: the server gave no answer\n")
        return 3
    sys.stdout.buffer.write(base64.b64decode(str(answer["stdout"])))
    sys.stderr.buffer.write(base64.b64decode(str(answer["stderr"])))
    return int(str(answer["status"]))


if __name__ == "__main__":
    sys.exit(licence_server(sys.argv[2:]) if sys.argv[1] == "DSLicSrv" else units(sys.argv[1:]))
