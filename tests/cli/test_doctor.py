"""``accsim doctor``: what is there, and what is not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from numba.core.caching import NullCache

from accsim import __version__
from accsim.cli import doctor
from accsim.cli.main import cli
from accsim.dram import kernel

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *arguments], catch_exceptions=False)


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    found = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in missing else found(name))


def line(text: str, what: str) -> str:
    (one,) = [one for one in text.splitlines() if one[8:24].strip() == what]
    return one


def test_all_is_well_where_accsim_runs() -> None:
    done = asked()
    assert done.exit_code == 0
    assert line(done.stdout, "accsim") == f"ok      accsim          {__version__}"
    assert "MISSING" not in done.stdout


def test_a_library_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "simpy")
    done = asked()
    assert done.exit_code == 1
    told = "MISSING simpy           not installed: pip install accsim"
    assert line(done.stdout, "simpy") == told


def test_an_extra_that_is_missing_is_told_with_what_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "optuna")
    done = asked()
    assert done.exit_code == 0
    told = "-       extra opt       not installed: pip install 'accsim[opt]'"
    assert line(done.stdout, "extra opt") == told


def test_compiled_code_that_is_not_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel.serve, "_cache", NullCache())
    told = line(asked().stdout, "compiled code")
    assert told.endswith("no folder for a cache can be written (set NUMBA_CACHE_DIR)")
    assert told.startswith("-  ")


def test_the_json_holds_the_same() -> None:
    document = json.loads(asked("--json").stdout)
    assert document["schema"] == "accsim.doctor/1"
    assert document["findings"][0] == {"what": "accsim", "found": __version__, "is_well": True}


def names(requirements: list[str]) -> list[str]:
    return [requirement.partition(">=")[0] for requirement in requirements]


def test_the_libraries_are_those_that_the_project_needs() -> None:
    assert sorted(doctor.CORE) == sorted(names(PROJECT["dependencies"]))


def test_the_extras_are_those_of_the_project() -> None:
    extras = {key: tuple(names(of)) for key, of in PROJECT["optional-dependencies"].items()}
    del extras["dev"]
    assert extras == doctor.EXTRAS
