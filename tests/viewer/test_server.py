"""What the server of ``accsim view`` answers, and to whom."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from accsim.viewer.server import TraceServer
from accsim.viewer.ui import ui_files


@pytest.fixture
def server(ui: Path) -> Iterator[TraceServer]:
    served = {f"/{name}": path for name, path in ui_files(ui).items()}
    with TraceServer(0, served) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server: TraceServer, path: str, method: str = "GET", host: str = "") -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def body(answer: HTTPResponse) -> bytes:
    return bytes(answer.body)  # type: ignore[attr-defined]


def test_it_listens_on_this_machine_only(server: TraceServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize(
    ("path", "kind", "content"),
    [
        ("/index.html", "text/html; charset=utf-8", b"<html>"),
        ("/v1/frontend_bundle.js?v=1", "text/javascript", b"start()"),
        ("/v1/a%20b.wasm", "application/wasm", b"\0asm"),
    ],
)
def test_files_of_the_ui_are_served_with_their_type(
    server: TraceServer, path: str, kind: str, content: bytes
) -> None:
    answer = ask(server, path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    assert body(answer) == content


def test_head_tells_the_size_and_sends_nothing(server: TraceServer) -> None:
    answer = ask(server, "/index.html", "HEAD")
    assert (answer.status, answer.headers["Content-Length"]) == (200, "6")
    assert body(answer) == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_but_reading_is_answered(server: TraceServer, method: str) -> None:
    assert ask(server, "/index.html", method).status == 501


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/v1/../../secret.txt",
        "//secret.txt",
        "/v1",
        "/v1/",
        "/none",
        "/index.html%00",
    ],
)
def test_no_other_path_leads_anywhere(server: TraceServer, path: str) -> None:
    answer = ask(server, path)
    assert answer.status == 404
    assert b"secret" not in body(answer).replace(b"secret.txt", b"")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:1", 200),
        ("evil.example", 403),
        ("evil.example:80", 403),
        ("127.0.0.1.evil.example", 403),
        ("[::1", 403),
    ],
)
def test_only_requests_for_this_machine_are_answered(
    server: TraceServer, host: str, status: int
) -> None:
    assert ask(server, "/index.html", host=host).status == status


def test_the_page_may_ask_no_other_machine_and_nobody_else_may_read_it(
    server: TraceServer,
) -> None:
    headers = ask(server, "/index.html").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self' data: blob:;")
    assert "Access-Control-Allow-Origin" not in headers


def test_a_file_that_has_gone_is_not_found(server: TraceServer, ui: Path) -> None:
    (ui / "index.html").unlink()
    assert ask(server, "/index.html").status == 404


@pytest.mark.parametrize(
    ("error", "told"),
    [(BrokenPipeError(), False), (ConnectionResetError(), False), (OSError(), True)],
)
def test_a_browser_that_leaves_early_is_not_talked_about(
    server: TraceServer, error: OSError, told: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        raise error
    except OSError:
        with socket.socket() as request:
            server.handle_error(request, ("127.0.0.1", 1))
    assert ("Traceback" in capfd.readouterr().err) is told
