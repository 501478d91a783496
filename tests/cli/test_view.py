"""``accsim view``: what it serves, how it ends, and what it refuses."""

from __future__ import annotations

import signal
import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from accsim.cli.main import cli
from accsim.viewer.server import TraceServer


@pytest.fixture
def ui(tmp_path: Path) -> Path:
    folder = tmp_path / "ui"
    folder.mkdir()
    (folder / "index.html").write_text("<html>")
    (folder / "frontend_bundle.js").write_text("start()")
    return folder


def refusal(*arguments: str | Path) -> str:
    done = CliRunner().invoke(cli, ["view", *map(str, arguments)])
    assert done.exit_code != 0
    return done.stderr or str(done.exception)


def test_the_address_is_printed_and_ctrl_c_ends_it(ui: Path, tmp_path: Path) -> None:
    (tmp_path / "my_secret_chip.json.gz").write_bytes(b"trace")
    command = [sys.executable, "-m", "accsim", "view", str(tmp_path / "my_secret_chip.json.gz")]
    with subprocess.Popen(
        [*command, "--no-browser", "--ui", str(ui)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        address = running.stdout.readline().strip()
        page, _, asked = address.partition("#!/?url=")
        trace = asked.partition("&")[0]
        assert trace == f"{page}traces/pass.json.gz"
        with urlopen(page) as answer:
            assert answer.read() == b"<html>"
        with urlopen(trace) as answer:
            assert answer.read() == b"trace"
        running.send_signal(signal.SIGINT)
        rest, errors = running.communicate(timeout=20)
    assert running.returncode == 130
    assert rest == ""
    shown = tmp_path / "my_secret_chip.json.gz"
    assert errors == f"shows {shown}; Ctrl-C ends it\n\ninterrupted\n"


@pytest.mark.parametrize(
    ("there", "shown"),
    [
        (["pass.pftrace", "pass.json.gz"], "pass.pftrace"),
        (["pass.json.gz", "other.pftrace"], "pass.json.gz"),
    ],
)
def test_of_a_folder_the_timeline_of_the_run_is_shown(
    there: list[str], shown: str, ui: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in there:
        (tmp_path / name).write_text("")
    monkeypatch.setattr(TraceServer, "serve_forever", lambda self: None)
    done = CliRunner().invoke(cli, ["view", str(tmp_path), "--ui", str(ui), "--no-browser"])
    assert done.exit_code == 0
    assert f"/traces/{shown}&" in done.stdout
    assert done.stderr == f"shows {tmp_path / shown}; Ctrl-C ends it\n"


def test_the_browser_is_opened_at_the_printed_address(
    ui: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(TraceServer, "serve_forever", lambda self: None)
    (tmp_path / "a.pftrace").write_text("")
    done = CliRunner().invoke(cli, ["view", str(tmp_path / "a.pftrace"), "--ui", str(ui)])
    assert done.exit_code == 0
    assert opened == [done.stdout.strip()]


def test_a_folder_without_a_timeline_says_how_one_is_made(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"{tmp_path}: there is no pass.pftrace in it; accsim run CHIP WORKLOAD --out DIR writes one"
    )


def test_a_missing_trace_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.pftrace") == f"{tmp_path / 'no.pftrace'}: no such file or folder"


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ops.csv").write_text("")
    assert refusal(tmp_path / "ops.csv") == (
        f"{tmp_path / 'ops.csv'}: not a timeline: its name ends in none of .pftrace, .pftrace.gz, "
        ".json, .json.gz"
    )


def test_a_result_is_no_timeline(tmp_path: Path) -> None:
    saved = tmp_path / "result.json"
    saved.write_text('{\n  "schema": "accsim.result/1",\n  "chip": "small"\n}\n')
    assert refusal(saved) == (
        f"{saved}: not a timeline, but what accsim writes for scripts; give the folder or the trace"
    )


def test_a_port_that_is_taken_is_told(ui: Path, tmp_path: Path) -> None:
    (tmp_path / "pass.pftrace").write_text("")
    with TraceServer(0, {}) as other:
        text = refusal(tmp_path, "--ui", ui, "--no-browser", "--port", str(other.server_port))
    assert text.endswith(
        f"Invalid value for --port: cannot listen on port {other.server_port}: "
        "Address already in use.\n"
    )
