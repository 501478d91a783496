"""The progress bar: only on a terminal, only after a while, gone at the end."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from accsim.cli import progress


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


def test_there_is_no_bar_where_stderr_is_no_terminal() -> None:
    with redirect_stderr(io.StringIO()), progress.progress_bar() as report:
        assert report is None


def test_a_short_job_shows_nothing() -> None:
    assert shown("ordinary") == ""


def test_a_long_job_shows_what_it_is_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    assert "ordinary" in shown("ordinary")
    assert " 50%" in shown("ordinary")


def test_names_are_never_taken_for_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    assert "[/red]" in shown("[/red]")
