"""The progress bar: only on a terminal, only after a while, gone at the end."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import time
from contextlib import redirect_stderr
from pathlib import Path

import click
import pytest

from accsim.cli import progress
from accsim.cli.main import cli

from .conftest import write_inputs

COMMANDS = {
    "run": ("chip.yaml", "work.yaml"),
    "explain": ("chip.yaml", "work.yaml"),
    "breakeven": ("chip.yaml", "work.yaml"),
    "compare": ("chip.yaml", "work.yaml"),
    "whatif": ("chip.yaml", "work.yaml", "--workers", "1"),
    "target": ("chip.yaml", "work.yaml", "--tokens-per-s", "1", "--workers", "1"),
    "addresses": ("chip.yaml", "work.yaml", "-o", "bursts"),
    "dram": ("chip.yaml", "--bytes", "4096"),
}
"""Every command that may take longer than a second, on inputs that take less."""

COLOUR = re.compile(r"\x1b\[[\d;]*\b(?:3[0-8]|9[0-7])(?:;[\d;]*)?m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(text: str) -> str:
    """What a terminal receives while a job reports that it is half done."""
    terminal = Terminal()
    with redirect_stderr(terminal), progress.progress_bar() as report:
        assert report is not None
        report(text, 1, 2)
    return terminal.getvalue()


def on_terminal(folder: Path, *arguments: str, **environment: str) -> tuple[str, str]:
    """Stdout of a command, and what it writes to a terminal behind stderr, patient for no time."""
    script = (
        "from accsim.cli import main, progress; progress.PATIENCE_S = 0.0; import sys; "
        "sys.argv[0] = 'accsim'; main.main()"
    )
    screen, behind = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env={**os.environ, "TERM": "xterm-256color", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=behind,
        text=True,
    ) as running:
        os.close(behind)
        written = b""
        while True:
            try:
                piece = os.read(screen, 1 << 16)
            except OSError:  # Linux: nobody holds the other end any more
                break
            if not piece:
                break
            written += piece
        out, _ = running.communicate(timeout=60)
    os.close(screen)
    assert running.returncode == 0, written.decode()
    return out, written.decode()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    write_inputs(folder)
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_every_long_command_shows_a_bar_on_a_terminal(name: str, inputs: Path) -> None:
    _, screen = on_terminal(inputs, name, *COMMANDS[name])
    assert "━" in screen
    assert "\x1b[?25h" in screen  # the cursor is shown again


@pytest.mark.parametrize("name", ["run", "whatif"])
def test_a_quiet_command_prints_the_same_and_shows_no_bar(name: str, inputs: Path) -> None:
    out, _ = on_terminal(inputs, name, *COMMANDS[name])
    assert on_terminal(inputs, name, *COMMANDS[name], "--quiet") == (out, "")


@pytest.mark.parametrize("name", [*COMMANDS, "plot roofline", "plot cost", "sweep run"])
def test_every_command_with_a_bar_can_be_quiet(name: str) -> None:
    command: click.Command = cli
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.commands[word]
    assert "--quiet" in [option for one in command.params for option in one.opts]


def test_the_bar_has_no_colours_where_nobody_wants_any(inputs: Path) -> None:
    arguments = ("run", *COMMANDS["run"])
    assert COLOUR.search(on_terminal(inputs, *arguments)[1])
    assert not COLOUR.search(on_terminal(inputs, *arguments, NO_COLOR="1")[1])


def test_there_is_no_bar_where_stderr_is_no_terminal() -> None:
    with redirect_stderr(io.StringIO()), progress.progress_bar() as report:
        assert report is None


def test_there_is_no_bar_if_it_shall_be_quiet() -> None:
    with redirect_stderr(Terminal()), progress.progress_bar(quiet=True) as report:
        assert report is None


def test_a_short_job_shows_nothing() -> None:
    assert shown("ordinary") == ""


def test_a_long_job_shows_what_it_is_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    assert "ordinary" in shown("ordinary")
    assert " 50%" in shown("ordinary")


def test_a_long_job_that_reports_once_shows_it_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE_S", 0.05)
    terminal = Terminal()
    with redirect_stderr(terminal), progress.progress_bar() as report:
        assert report is not None
        report("compiles", 0, 2)
        assert terminal.getvalue() == ""
        until = time.monotonic() + 20
        while "compiles" not in terminal.getvalue() and time.monotonic() < until:
            time.sleep(0.02)
    assert "compiles" in terminal.getvalue()


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "told"),
    [
        (0, 8, 3.0, ""),
        (6, 8, 3.0, "2.0/s, 0:01 left"),  # 2 left at 2 a second
        (1, 8, 10.0, "6.0/min, 1:10 left"),  # 7 left, 10 s each
    ],
)
def test_rate_and_time_left_follow_from_what_is_done(
    done: int, total: int, elapsed_s: float, told: str
) -> None:
    assert progress.pace(done, total, elapsed_s) == told


def test_names_are_never_taken_for_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    assert "[/red]" in shown("[/red]")
