"""An HTTP server on loopback that answers what a test says."""

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Service:
    """An HTTP server that answers what a test says, and remembers what it was asked."""

    answers: list[tuple[int, Mapping[str, str], bytes]]
    asked: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def running_service() -> Iterator[Service]:
    """Runs one on loopback."""
    service = Service([])

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.parse_request():  # a connection without a request
                return
            body = self._chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self._octets()
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.asked.append((self.command, self.path, headers, body))
            status, given, content = service.answers.pop(0)
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(content)), **given}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = True

        def _octets(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))

        def _chunks(self) -> bytes:
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            return found

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        service.url = f"http://127.0.0.1:{running.server_address[1]}"
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield service
        running.shutdown()


def page(items: list[Any], following: str | None) -> tuple[int, Mapping[str, str], bytes]:
    """A page of a list, as the REST API has it."""
    return 200, {}, json.dumps({"items": items, "next": following}).encode()
