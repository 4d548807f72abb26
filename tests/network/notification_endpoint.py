"""An HTTP endpoint that takes notifications and writes each to a file, with the time it came."""

import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.network.plan import NOTIFIED, NOTIFY_PORT


class Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        told = {"at": time.time(), "path": self.path, "token": self.headers["authorization"], "body": body}
        with Path(NOTIFIED).open("a") as file:
            file.write(json.dumps(told) + "\n")
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", NOTIFY_PORT), Taking).serve_forever()
