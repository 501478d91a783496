"""Dask and MPI carry points as well as the processes of this machine do."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from accsim import __version__
from accsim.errors import InputError
from accsim.sweep import executors
from accsim.sweep.driver import LostError
from accsim.sweep.executors import check_versions, crew, share_of_memory
from accsim.sweep.store import read_store
from accsim.workers import memory_bytes

from .fakes import MIXED, point, python, run
from .points import evaluate
from .test_driver import seconds_apart

POINTS = [point(n, f"wait {0.01 * (n % 3)}") for n in range(200)]


class Dask:
    """A scheduler and workers of it, in processes."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._file = folder / "scheduler.json"
        self._stack = stack
        self.scheduler = self._start(
            "scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:0"
        )
        while not self._file.exists():
            assert self.scheduler.poll() is None
            time.sleep(0.05)
        self.address: str = json.loads(self._file.read_text())["address"]

    def worker(self, *options: str, folders: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return self._start("worker", "--nthreads", "1", "--no-dashboard", *options, folders=folders)

    def _start(self, *words: str, folders: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        place = ("--host", "127.0.0.1", "--scheduler-file", str(self._file))
        found = python("-P", "-m", "dask", *words, *place, quiet=True, folders=folders)
        self._stack.callback(found.wait)
        self._stack.callback(found.terminate)
        return found


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    pytest.importorskip("distributed", reason="needs the extra dask")
    with contextlib.ExitStack() as stack:
        yield Dask(tmp_path_factory.mktemp("dask"), stack)


def test_dask_gives_the_same_table_though_a_worker_is_killed(dask: Dask, tmp_path: Path) -> None:
    # The first is under a nanny, as is usual.
    workers = [dask.worker(), dask.worker("--no-nanny")]
    killer = python("-c", KILLER, str(tmp_path / "s.sqlite"), str(workers[1].pid), quiet=True)
    with killer:
        run(tmp_path / "s.sqlite", POINTS, executor=f"dask:{dask.address}")
    assert workers[1].wait() == -signal.SIGKILL
    run(tmp_path / "here.sqlite", POINTS)
    here = seconds_apart(read_store(tmp_path / "here.sqlite"))
    assert len(here) == 200
    assert seconds_apart(read_store(tmp_path / "s.sqlite")) == here


KILLER = """
import os, signal, sys, time
from pathlib import Path
from sweep.test_faults import points_at_once

path, process = Path(sys.argv[1]), int(sys.argv[2])
while points_at_once(path) < 60:
    time.sleep(0.02)
os.kill(process, signal.SIGKILL)
"""


def refusal(executor: str) -> str:
    """What is said instead of starting a crew; "" if it starts."""
    try:
        with crew(executor, 1, evaluate, 60.0):
            return ""
    except InputError as error:
        return str(error)


def test_a_dask_worker_with_other_versions_is_refused_by_name(dask: Dask, tmp_path: Path) -> None:
    (tmp_path / "accsim").mkdir()
    (tmp_path / "accsim" / "__init__.py").write_text('__version__ = "0.0.1"')
    old = dask.worker("--no-nanny", "--name", "old", folders=(str(tmp_path),))
    patience = time.monotonic() + 30
    while not (told := refusal(f"dask:{dask.address}")) and time.monotonic() < patience:
        time.sleep(0.1)
    worker = r"worker tcp://127\.0\.0\.1:\d+"
    assert re.fullmatch(f"{worker}: has accsim 0.0.1, and this is {__version__}", told)
    old.kill()


def test_a_dask_scheduler_that_is_gone_ends_the_sweep(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sqlite"
    dask.worker("--no-nanny")
    killer = python("-c", KILLER, str(path), str(dask.scheduler.pid), quiet=True)
    with killer, pytest.raises(LostError, match=r"^the workers are gone; the finished points"):
        run(path, POINTS, executor=f"dask:{dask.address}")
    assert 60 <= len(read_store(path).rows) < 200
    monkeypatch.setattr(executors, "PATIENCE_S", 1)
    assert "no Dask scheduler answers: " in refusal(f"dask:{dask.address}")


def test_a_worker_that_has_no_numpy_is_refused() -> None:
    wanted = {"Python": "3.11.7", "numpy": "2.4.6", "accsim": "0.1.0"}
    check_versions("worker w", wanted, wanted)
    with pytest.raises(InputError, match=r"^worker w: has numpy \(none\), and this is 2\.4\.6$"):
        check_versions("worker w", wanted | {"numpy": "(none)"}, wanted)


@pytest.mark.parametrize(
    ("executor", "module", "message"),
    [
        ("dask:tcp://127.0.0.1:1", "distributed", "--executor dask: needs the extra: pip install "),
        ("mpi", "mpi4py.futures", "--executor mpi: needs the extra: pip install 'accsim[mpi]'"),
    ],
)
def test_an_extra_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, executor: str, module: str, message: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert refusal(executor).startswith(message)


def test_workers_share_four_fifths_of_the_memory() -> None:
    assert share_of_memory(1) == memory_bytes() * 4 // 5
    assert share_of_memory(4) == share_of_memory(1) // 4


MPI = """
import sys
from pathlib import Path
from sweep.fakes import MIXED, point, run

run(Path(sys.argv[1]), [point(n, does) for n, does in enumerate(3 * MIXED)], executor="mpi")
"""


def test_mpi_gives_the_same_table(tmp_path: Path) -> None:
    pytest.importorskip("mpi4py", reason="needs the extra mpi")
    if shutil.which("mpiexec") is None:
        pytest.skip("needs mpiexec")
    path = tmp_path / "s.sqlite"
    words = ("-n", "3", sys.executable, "-m", "mpi4py.futures", "-c", MPI, str(path))
    with python(*words, program="mpiexec") as running:
        assert running.communicate(timeout=60) == ("", "")
    run(tmp_path / "here.sqlite", [point(n, does) for n, does in enumerate(3 * MIXED)])
    here = seconds_apart(read_store(tmp_path / "here.sqlite"))
    assert len(here) == 3 * len(MIXED)
    assert seconds_apart(read_store(path)) == here


def test_mpi_without_its_launcher_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    found = types.ModuleType("mpi4py.futures")
    found.MPIPoolExecutor = None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mpi4py", types.ModuleType("mpi4py"))
    monkeypatch.setitem(sys.modules, "mpi4py.futures", found)
    assert refusal("mpi") == (
        "--executor mpi: the workers are started with the command: "
        "mpiexec -n 3 python -m mpi4py.futures -m accsim sweep ... --executor mpi"
    )
