"""A small web server for one trace and the UI that shows it, on this machine only.

It knows a fixed list of addresses, made when it starts, so no request can name another file. It
answers reading only, and only under the names of this machine: a page elsewhere whose name comes
to point here (DNS rebinding) learns nothing.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import quote, unquote

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
"""Hosts that a request may be for, with any port: a tunnel may end in another one."""
TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'"
)
"""The UI may ask nothing of any other machine. (It would ask its vendor's for a script.)"""

OPENED = "&startupCommands=" + quote('[{"id":"dev.perfetto.ExpandTracksByRegex","args":[".*"]}]')
"""Has the UI show all tracks; else those within a group wait for a click."""


class TraceServer(ThreadingHTTPServer):
    """Serves files by their addresses, from the moment that it is made."""

    daemon_threads = True

    def __init__(self, port: int, served: Mapping[str, Path]) -> None:
        """Listen.

        Args:
            port: 0 for any that is free.
            served: files by address: ``/`` and ``/assets/brand.png``.

        Raises:
            OSError: the port cannot be had.
        """
        self.served = served
        super().__init__((HOST, port), _Answer)

    @property
    def address(self) -> str:
        """``http://127.0.0.1:`` and the port."""
        return f"http://{HOST}:{self.server_address[1]}"

    def showing(self, trace: str) -> str:
        """The address of the UI with a trace, given its own on this server, opened in it."""
        return f"{self.address}/#!/?url={self.address}{trace}{OPENED}"

    def handle_error(
        self,
        request: socket | tuple[bytes, socket],
        client_address: Any,  # noqa: ANN401
    ) -> None:
        """A browser that leaves early is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Answer(BaseHTTPRequestHandler):
    server: TraceServer
    server_version = "accsim"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        """Every file of the UI would be a line on the terminal."""

    def _answer(self, *, with_body: bool) -> None:
        if self.headers.get("Host", "").partition(":")[0] not in NAMES:
            self.send_error(HTTPStatus.FORBIDDEN, "Not the name of this machine")
            return
        path = self.server.served.get(unquote(self.path.partition("?")[0]))
        try:
            file = None if path is None else path.open("rb")
        except OSError:
            file = None
        if path is None or file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with file:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", TYPES.get(path.suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(path.stat().st_size))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if with_body:
                shutil.copyfileobj(file, self.wfile)
