"""``accsim sweep FILE -o STORE``: what is printed, what is kept, and which exit code it has."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from accsim import evaluation
from accsim.cli import progress
from accsim.cli.main import cli
from accsim.cli.sweep_progress import Tally, telling
from accsim.errors import InputError
from accsim.study import Outcome, Status, Task
from accsim.sweep.store import read_store

from .conftest import accsim, write_inputs

STUDY = """\
name: pockets
chip: chip.yaml
workload: work.yaml
axes:
  chip.memory.channels: [1, 2]
  chip.array.rows: [16, 32, 48, 64]
objectives: {best.tokens_per_s: maximise}
"""
COUNTS = "pockets: 8 points: 8 done\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study, and its finished store."""
    found = tmp_path_factory.mktemp("study")
    write_inputs(found)
    (found / "study.yaml").write_text(STUDY)
    done = accsim("sweep", found / "study.yaml", "-o", found / "s.sqlite")
    assert (done.stdout, done.stderr, done.returncode) == (COUNTS, "", 0)
    return found


def metrics(path: Path) -> list[object]:
    return [(row.point, row.outcome.status, row.outcome.metrics) for row in read_store(path).rows]


def test_all_points_are_in_the_store_in_their_order(folder: Path) -> None:
    stored = read_store(folder / "s.sqlite")
    assert stored.text == STUDY
    chosen = [dict(row.point.settings) for row in stored.rows]
    assert [one["chip.memory.channels"] for one in chosen] == 4 * [1] + 4 * [2]
    assert [one["chip.array.rows"] for one in chosen] == 2 * [16, 32, 48, 64]
    speeds = [dict(row.outcome.metrics)["best.tokens_per_s"] for row in stored.rows]
    assert all(isinstance(speed, float) and speed > 0 for speed in speeds)


def test_run_may_be_said_and_options_may_come_first(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    said = accsim("sweep", "run", folder / "study.yaml", "--workers", "1", "-o", path)
    assert (said.stdout, said.returncode) == (COUNTS, 0)
    assert metrics(path) == metrics(folder / "s.sqlite")
    first = accsim("sweep", "-o", path, "--resume", "--json", folder / "study.yaml")
    found = json.loads(first.stdout)
    assert found.pop("seconds") > 0
    assert found == {
        "schema": "accsim.sweep/1",
        "study": "pockets",
        "points": 8,
        "done": 8,
        "excluded": 0,
        "failed": 0,
        "timed_out": 0,
        "kept": 8,
    }


def test_quiet_is_quiet(folder: Path) -> None:
    done = accsim("sweep", folder / "study.yaml", "-o", folder / "s.sqlite", "--resume", "--quiet")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_a_store_that_is_there_is_refused_with_a_hint(folder: Path) -> None:
    done = accsim("sweep", folder / "study.yaml", "-o", folder / "s.sqlite")
    message = "holds this study already (8 points); go on with it by --resume"
    assert (done.stdout, done.returncode) == ("", 2)
    assert done.stderr == f"{folder / 's.sqlite'}: {message}\n"


def test_a_store_that_cannot_be_written_is_refused(folder: Path) -> None:
    done = accsim("sweep", folder / "study.yaml", "-o", folder / "nowhere" / "s.sqlite")
    message = "cannot be written: No such file or directory"
    assert (done.stdout, done.returncode) == ("", 2)
    assert done.stderr == f"{folder / 'nowhere' / 's.sqlite'}: {message}\n"


def test_a_study_that_is_not_there_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    done = accsim("sweep", tmp_path / "study.yaml", "-o", tmp_path / "s.sqlite")
    assert (done.stdout, done.returncode) == ("", 2)
    assert done.stderr.startswith(f"{tmp_path / 'study.yaml'}: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("executor", ["thread", "dask", "dask:"])
def test_an_executor_that_there_is_not_is_refused(folder: Path, executor: str) -> None:
    words = ["sweep", str(folder / "study.yaml"), "-o", "s.sqlite", "--executor", executor]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    assert f"{executor!r} is none of process, dask:ADDRESS, mpi." in done.output


def test_help_tells_of_the_group_and_of_its_default() -> None:
    group = CliRunner().invoke(cli, ["sweep", "--help"]).output
    assert "accsim sweep FILE -o STORE" in group
    assert re.search(r"run +Simulate the points of a study \(the default\)\.", group)
    assert "--resume" in CliRunner().invoke(cli, ["sweep", "run", "--help"]).output


def odd_rows_fail(task: Task) -> Outcome:
    """Stands for the simulation."""
    if task.chip.memory.channels == 2:
        raise ZeroDivisionError("of all things")
    return Outcome("done", (("best.tokens_per_s", 1.0),), "", 0.1)


def test_failed_points_are_rows_and_exit_code_3(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "evaluate", odd_rows_fail)
    path = tmp_path / "s.sqlite"
    words = ["sweep", str(folder / "study.yaml"), "-o", str(path), "--workers", "2"]
    done = CliRunner().invoke(cli, words)
    assert (done.stdout, done.exit_code) == ("pockets: 8 points: 4 done, 4 failed\n", 3)
    why = f"why points have no result: accsim sweep show {path} --failed\n"
    assert done.stderr == why
    reasons = [row.outcome.reason for row in read_store(path).rows]
    assert reasons == 4 * [""] + 4 * ["ZeroDivisionError: of all things"]


@pytest.mark.parametrize(
    ("sent", "code", "told"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_stopped_sweep_keeps_what_is_finished_and_says_how_to_go_on(
    folder: Path, tmp_path: Path, sent: signal.Signals, code: int, told: str
) -> None:
    path, study = tmp_path / "s.sqlite", folder / "study.yaml"
    command = [sys.executable, "-m", "accsim", "sweep", str(study), "-o", str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as running:
        wait_for_a_point(path, running)
        # To all of them, as a terminal sends Ctrl-C.
        os.killpg(running.pid, sent)
        out, error = running.communicate(timeout=60)
    assert (out, running.returncode) == ("", code)
    kept = len(read_store(path).rows)
    points = "1 point" if kept == 1 else f"{kept} points"
    again = f"accsim sweep {study} -o {path} --resume"
    assert error == f"{told}; pockets: {points}: {kept} done; to go on: {again}\n"
    done = accsim(*again.split()[1:])
    assert (done.stdout, done.returncode) == (COUNTS, 0)
    assert metrics(path) == metrics(folder / "s.sqlite")


def test_a_quiet_report_of_a_sweep_is_written_without_a_word(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    command = ("sweep", "report", folder / "s.sqlite", "-o", page)
    assert accsim(*command).stderr == f"wrote {page}\n"
    page.unlink()
    done = accsim(*command, "--quiet")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert page.is_file()


def wait_for_a_point(path: Path, running: subprocess.Popen[str]) -> None:
    while running.poll() is None:
        time.sleep(0.05)
        # Before there are tables, there is nothing to read.
        with suppress(InputError):
            if read_store(path).rows:
                return


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def outcome(status: Status = "done") -> Outcome:
    return Outcome(status, (), "", 0.0)


def test_the_rate_counts_what_is_simulated_now_and_the_time_left_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tally = Tally("mine", total=1000, began=100.0)
    assert tally.rate() == "mine: 0 points"
    for _ in range(100):
        tally.add(outcome(), True)
    assert tally.rate() == "mine: 100 points: 100 done"
    for _ in range(20):
        tally.add(outcome(), False)
    tally.add(outcome("timed_out"), False)
    # 21 points in 10 s; the other 879 take 419 s.
    monkeypatch.setattr(time, "monotonic", lambda: 110.0)
    expected = "mine: 121 points: 120 done, 1 timed out; 2.1/s, 6:59 left"
    assert tally.rate() == expected
    assert tally.lost == 1


def told(quiet: bool) -> str:
    """What a terminal receives while a point is finished."""
    terminal = Terminal()
    with redirect_stderr(terminal), telling(Tally("mine", 3), quiet) as tell:
        tell(outcome(), False)
    return terminal.getvalue()


def test_a_terminal_shows_how_far_the_sweep_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    assert "mine: 1 point: 1 done" in told(quiet=False)
    assert "/s, 0:0" in told(quiet=False)
    assert told(quiet=True) == ""
