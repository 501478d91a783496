"""Every command of the README and the docs is run, and does what the page says."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from .pages import ROOT, WRITES, Step, missing, pages, steps

FOLDERS = ("chips", "workloads", "sweeps", "traces")
"""What pages take files from, as if read in the repository."""


def _by_run() -> dict[str, list[Step]]:
    """What is run together: commands that need no files once each, the others page by page."""
    found: dict[str, list[Step]] = {}
    for page in pages():
        runnable = [
            one for one in steps(page.read_text(encoding="utf-8"), page.name) if not one.why
        ]
        written = {name for step in runnable for name in _written(step)}
        for step in runnable:
            alone = step.is_alone and not written.intersection(step.words)
            found.setdefault(_bare(step.text) if alone else page.name, []).append(step)
    return found


def _written(step: Step) -> list[str]:
    """The files and folders that options of a command name, to be written."""
    words = [] if step.is_python else step.words
    return [name for option, name in pairwise(words) if option in WRITES]


def _bare(command: str) -> str:
    """A command without the comment behind it, each gap one blank."""
    return " ".join(command.partition(" #")[0].split())


RUNS = _by_run()


@pytest.mark.parametrize("run", RUNS)
def test_the_commands_of_the_docs_do_what_the_pages_say(run: str, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    if RUNS[run][0].is_alone:
        printed = shell.run(RUNS[run][0])
        for step in RUNS[run]:
            compare(step, printed)
    else:
        for step in RUNS[run]:
            compare(step, shell.run(step))


class Shell:
    """A folder with the files that come with accsim, in which commands are run as by a reader."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "work"
        self._folder.mkdir()
        for name in FOLDERS:
            (self._folder / name).symlink_to(ROOT / name)
        programs = folder / "bin"
        programs.mkdir()
        for name, words in (("accsim", "-m accsim "), ("python", "")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
            (programs / name).chmod(0o755)
        kept = {key: os.environ[key] for key in ("HOME", "NUMBA_CACHE_DIR") if key in os.environ}
        self._environment = {
            **kept,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
        }

    def run(self, step: Step) -> list[str]:
        """Run a step, expect its exit code, and give the lines that it prints."""
        command = ["python", "-c", step.text] if step.is_python else ["bash", "-c", step.text]
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == step.exit_code, f"{step.place}: {step.text}\n{done.stdout}"
        return done.stdout.splitlines()


def compare(step: Step, printed: list[str]) -> None:
    """Hold what is printed against what the page shows."""
    told = None if step.shown is None else missing(step.shown, printed)
    if told is not None:
        pytest.fail(f"{step.place}: {step.text}\n{told}", pytrace=False)
