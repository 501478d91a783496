"""What holds for every command: help, version, usage errors and exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from accsim import __version__
from accsim.cli import main as main_module
from accsim.cli.stopping import Terminated
from accsim.errors import Deadlock, InputError, Problem

from .conftest import accsim


def test_help_loads_no_heavy_library() -> None:
    script = (
        "import sys, accsim.cli.main; "
        "print([m for m in ('numpy', 'numba', 'plotly', 'pydantic', 'rich', 'simpy', 'yaml') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_help_names_every_command() -> None:
    text = accsim("--help").stdout
    assert [line.split()[0] for line in text.split("Commands:\n")[1].splitlines()] == [
        "addresses",
        "breakeven",
        "check",
        "compare",
        "diff",
        "doctor",
        "dram",
        "explain",
        "glossary",
        "plot",
        "report",
        "run",
        "schema",
        "show",
        "sweep",
        "target",
        "trace",
        "view",
        "whatif",
    ]


def test_the_version_names_what_it_computes_with() -> None:
    done = accsim("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(f"accsim {__version__} (Python {sys.version.split()[0]}, numpy ")
    assert "numba " in done.stdout
    assert "simpy " in done.stdout


def test_an_unknown_command_gets_a_suggestion() -> None:
    done = accsim("rum")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "No such command 'rum'. Did you mean 'run'?" in done.stderr


def test_a_full_disk_behind_stdout_is_one_line() -> None:
    command = [sys.executable, "-m", "accsim", "schema", "chip"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: No space left on device\n"


def test_a_reader_that_leaves_early_is_no_error_to_talk_about() -> None:
    command = [sys.executable, "-m", "accsim", "schema", "workload"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 1


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            InputError(Problem("a.yaml", "is wrong", 3, 1, "core")),
            2,
            "a.yaml:3:1: core: is wrong\n",
        ),
        (Deadlock("array waits for load 7"), 1, "error: array waits for load 7\n"),
        (KeyboardInterrupt(), 130, "\ninterrupted\n"),
        (Terminated(), 143, "terminated\n"),
        (OSError(28, "No space left on device", "x"), 2, "error: x: No space left on device\n"),
    ],
)
def test_every_failure_has_its_exit_code_and_no_traceback(
    error: BaseException,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(main_module, "cli", failing)
    monkeypatch.setattr(main_module, "_forget_stdout", lambda: None)
    monkeypatch.setattr(sys, "argv", ["accsim"])
    monkeypatch.setattr(signal, "signal", lambda number, action: None)
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    assert ended.value.code == code
    assert capfd.readouterr().err == text


@pytest.mark.parametrize("kind", ["chip", "workload", "mapping", "sweep"])
def test_the_schema_is_one_json_object(kind: str) -> None:
    done = accsim("schema", kind)
    assert done.returncode == 0
    assert json.loads(done.stdout)["title"] == f"accsim {kind} file"


def test_there_are_four_schemas() -> None:
    done = accsim("schema", "trace")
    assert done.returncode == 2
    assert "'trace' is not one of 'chip', 'workload', 'mapping', 'sweep'" in done.stderr
