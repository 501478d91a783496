"""``run --report`` and ``report`` on the command line; the page itself is tested in a browser."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from accsim.cli.main import cli
from accsim.cli.provenance import provenance

from .conftest import accsim, write_inputs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with inputs and ``out/``, of which one run was saved."""
    made = tmp_path_factory.mktemp("report")
    write_inputs(made)
    done = report_of(made, "--out", made / "out", "--generations", "0")
    assert done.exit_code == 0, done.output
    return made


def report_of(folder: Path, *options: str | Path) -> Result:
    inputs = [folder / "chip.yaml", folder / "work.yaml"]
    return CliRunner().invoke(cli, ["run", *map(str, (*inputs, *options))])


def test_the_report_is_written_and_named_last(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    done = report_of(folder, "--report", page)
    assert done.exit_code == 0, done.output
    assert done.stderr == f"wrote {page}\n"
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_the_report_may_lie_in_the_folder_that_is_made(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new"
    done = report_of(folder, "--out", out, "--report", out / "r.html", "--quiet")
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert (out / "r.html").exists()


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    page = tmp_path / "none" / "r.html"
    done = accsim("run", "chip", "work", "--report", page)
    assert done.returncode == 2
    assert done.stderr == f"{page}: cannot be written: No such file or directory\n"


def test_the_provenance_says_how_to_run_it_again_but_not_where(folder: Path) -> None:
    saved = json.loads((folder / "out" / "provenance.json").read_text())
    assert saved["command"] == "accsim run chip.yaml work.yaml --generations 0"
    assert list(saved["versions"]) == ["Python", "numpy", "numba", "simpy"]
    assert str(folder) not in json.dumps(saved)


def test_options_that_the_result_depends_on_are_in_the_command(folder: Path) -> None:
    options = {"--mapping": folder / "a pin.yaml", "--generations": None, "--exact": True}
    made = provenance(str(folder / "chip.yaml"), str(folder / "work.yaml"), options)
    assert made.command == "accsim run chip.yaml work.yaml --mapping 'a pin.yaml' --exact"


def test_a_trace_has_no_workload_to_tell_of() -> None:
    made = provenance("ddr_npu", "some/t.jsonl", {})
    assert made.command == "accsim run ddr_npu t.jsonl"
    assert made.workload == ()
    assert made.chip


def test_a_saved_run_is_reported_where_asked(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    done = CliRunner().invoke(cli, ["report", str(folder / "out"), "-o", str(page)])
    assert done.exit_code == 0, done.output
    assert done.stderr == f"wrote {page}\n"
    assert "two_heads decodes " in page.read_text()


def test_passes_that_were_not_saved_are_said_to_be_missing(folder: Path, tmp_path: Path) -> None:
    for name in ("result.json", "provenance.json"):
        shutil.copy(folder / "out" / name, tmp_path)
    done = CliRunner().invoke(cli, ["report", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "No pass was stored with this result." in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("missing", ["result.json", "provenance.json"])
def test_a_folder_without_a_saved_run_is_refused(
    folder: Path, tmp_path: Path, missing: str
) -> None:
    for name in {"result.json", "provenance.json"} - {missing}:
        shutil.copy(folder / "out" / name, tmp_path)
    done = accsim("report", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{tmp_path / missing}: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_report_that_cannot_be_written_is_refused(folder: Path) -> None:
    taken = folder / "taken.html"
    taken.mkdir()
    done = accsim("report", folder / "out", "-o", taken)
    assert done.returncode == 2
    assert done.stderr == f"{taken}: cannot be written: Is a directory\n"


def test_a_file_in_the_place_of_the_folder_is_told_the_folder(folder: Path) -> None:
    saved = folder / "out" / "result.json"
    done = accsim("report", saved)
    assert done.returncode == 2
    assert done.stderr == (
        f"{saved}: is a file; give the folder that accsim run --out wrote: {folder / 'out'}\n"
    )
