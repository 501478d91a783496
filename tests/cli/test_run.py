"""``accsim run`` from end to end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

from accsim.cli.main import cli
from accsim.export.events import PassEvents
from accsim.export.pass_view_file import read_views

from .conftest import accsim, write_inputs


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder with inputs and ``out/``, and how the run that wrote it ended."""
    folder = tmp_path_factory.mktemp("finished")
    write_inputs(folder)
    done = accsim(
        "run",
        folder / "chip.yaml",
        folder / "work.yaml",
        "--json",
        "--chrome",
        *("--trace-pass", "ordinary:2"),
        *("--out", folder / "out"),
    )
    return folder, done


Finished = tuple[Path, "subprocess.CompletedProcess[str]"]


def test_json_prints_one_object_and_nothing_else(finished: Finished) -> None:
    done = finished[1]
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["schema"] == "accsim.result/1"
    assert [run["name"] for run in result["runs"]] == ["ordinary", "two_heads"]


def test_the_files_are_named_on_stderr(finished: Finished) -> None:
    folder, done = finished
    names = (
        *("ops.csv", "pass.json.gz", "pass.pftrace", "provenance.json", "result.json"),
        *("view-1.npz", "view-2.npz"),
    )
    assert done.stderr == "".join(f"wrote {folder / 'out' / name}\n" for name in names)
    assert sorted(path.name for path in (folder / "out").iterdir()) == list(names)


def test_the_written_result_is_the_printed_one(finished: Finished) -> None:
    folder, done = finished
    assert (folder / "out" / "result.json").read_text() == done.stdout


def test_the_timeline_is_that_of_the_chosen_pass(finished: Finished) -> None:
    """The second decode pass of the ordinary run: 16 prompt tokens and 1 of the first pass."""
    trace = Trace()
    trace.ParseFromString((finished[0] / "out" / "pass.pftrace").read_bytes())
    title = trace.packet[0].track_descriptor.name
    assert title.startswith("pocket: pass decode-3, 17 tokens cached")


def test_the_report_answers_in_its_first_line(inputs: Path) -> None:
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first = done.stdout.strip().splitlines()[0]
    assert first.startswith("two_heads decodes ")
    assert " than ordinary on pocket" in first or " as ordinary on pocket" in first


def test_quiet_lists_no_files(inputs: Path) -> None:
    work = inputs / "work.yaml"
    done = accsim("run", inputs / "chip.yaml", work, "--quiet", "--out", inputs / "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (inputs / "out" / "pass.pftrace").exists()


def test_slices_left_out_of_the_timeline_are_warned_of(
    inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accsim.export.events.PassEvents", partial(PassEvents, cap=5))
    files = [str(inputs / name) for name in ("chip.yaml", "work.yaml", "out")]
    done = CliRunner().invoke(cli, ["run", *files[:2], "--out", files[2]])
    assert done.exit_code == 0
    warning = done.stderr.splitlines()[0]
    assert re.fullmatch(r"warning: the timeline shows only the first 5 of \d+ slices", warning)


def test_a_pass_that_is_not_there_is_refused(inputs: Path) -> None:
    arguments = ("--out", inputs / "out", "--trace-pass", "ordinary:8")
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", *arguments)
    assert done.returncode == 2
    assert "no pass 'ordinary:8'; there are ordinary:0 to ordinary:7, two_heads:0" in done.stderr
    assert not (inputs / "out").exists()


@pytest.mark.parametrize("option", [("--chrome",), ("--trace-pass", "ordinary:1")])
def test_options_about_files_need_a_folder(option: tuple[str, ...]) -> None:
    done = accsim("run", "chip", "work", *option)
    assert done.returncode == 2
    assert f"{option[0]} needs --out DIR: it is about a file written there." in done.stderr


def test_problems_of_both_files_are_told_at_once(inputs: Path) -> None:
    (inputs / "chip.yaml").write_text("name: x\n")
    (inputs / "work.yaml").write_text("name: y\n")
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "chip.yaml" in done.stderr
    assert "work.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_is_no_folder_to_write_into(inputs: Path) -> None:
    target = inputs / "chip.yaml"
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", "--out", target)
    assert done.returncode == 2
    assert done.stderr == f"{target}: cannot be written: {target} is a file, not a folder\n"


def test_a_folder_that_cannot_be_made_is_refused_in_one_line(inputs: Path) -> None:
    chip = inputs / "chip.yaml"
    done = accsim("run", chip, inputs / "work.yaml", "--out", chip / "new" / "out")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"{chip / 'new' / 'out'}: cannot be written: {chip} is a file, not a folder\n"
    )


def test_an_empty_name_is_no_folder_to_write_into() -> None:
    done = accsim("run", "ddr_npu", "llama2_mtp", "--out", "")
    assert done.returncode == 2
    assert done.stderr.endswith(
        "Error: Invalid value for '--out': the name of the folder is empty.\n"
    )


def test_lines_in_a_pipe_end_without_blanks(inputs: Path) -> None:
    lines = accsim("run", inputs / "chip.yaml", inputs / "work.yaml").stdout.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []


COLOUR = re.compile("\x1b\\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")
"""The escape sequences that set a colour; bold is 1, dim 2."""


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_is_honoured(inputs: Path, no_color: str, coloured: bool) -> None:
    """A remark on roofline and attribution is yellow; FORCE_COLOR stands for a terminal."""
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": no_color}
    files = [str(inputs / name) for name in ("chip.yaml", "work.yaml")]
    done = CliRunner().invoke(cli, ["run", *files], env=terminal)
    assert "\x1b[1m" in done.stdout
    assert bool(COLOUR.search(done.stdout)) == coloured


@pytest.mark.parametrize(
    ("sent", "code", "told"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_stopped_run_leaves_nothing_behind(
    tmp_path: Path, sent: signal.Signals, code: int, told: str
) -> None:
    """30,000 tokens, each pass simulated: stopped as soon as its folder shows that it works."""
    write_inputs(tmp_path, output_tokens=30_000)
    before = sorted(tmp_path.iterdir())
    files = [str(tmp_path / name) for name in ("chip.yaml", "work.yaml", "out")]
    command = [sys.executable, "-m", "accsim", "run", "--exact", *files[:2], "--out", files[2]]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        deadline = time.monotonic() + 60
        while sorted(tmp_path.iterdir()) == before and time.monotonic() < deadline:
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(sent)
        printed, complaint = running.communicate(timeout=30)
    assert running.returncode == code
    assert printed == ""
    assert complaint.strip() == told
    assert sorted(tmp_path.iterdir()) == before


def test_a_chip_beyond_the_fast_memory_model_says_so_and_is_simulated_by_command(
    inputs: Path,
) -> None:
    chip = inputs / "chip.yaml"
    closed_page = "queue_bursts: 32, controller: {page: closed}"
    chip.write_text(chip.read_text().replace("queue_bursts: 32", closed_page))
    done = accsim("run", chip, inputs / "work.yaml", "--json")
    assert done.stderr == (
        "the row-granular model does not know the page policy 'closed': every DRAM command is "
        "simulated, which takes about 200 times as long\n"
    )
    for one in json.loads(done.stdout)["runs"]:
        assert one["dram"]["model"] == "command_level"
        assert one["dram"]["row_hits"] == 0


def test_a_quiet_run_names_the_memory_model_in_its_report_alone(inputs: Path) -> None:
    chip = inputs / "chip.yaml"
    chip.write_text(
        chip.read_text().replace("queue_bursts: 32", "queue_bursts: 32, bank_hash: true")
    )
    done = CliRunner().invoke(cli, ["run", str(chip), str(inputs / "work.yaml"), "--quiet"])
    assert done.exit_code == 0
    assert done.stderr == ""
    assert "Every DRAM command is simulated." in " ".join(done.stdout.split())


def test_a_thousand_generations_are_drawn_unless_told_otherwise(inputs: Path) -> None:
    for given, count in (((), 1000), (("--generations", "30"), 30)):
        done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", "--json", *given)
        assert [run["generations"]["count"] for run in json.loads(done.stdout)["runs"]] == [
            count
        ] * 2


def test_no_generations_are_drawn_if_none_are_wanted(inputs: Path) -> None:
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", "--json", "--generations", "0")
    assert [run["generations"] for run in json.loads(done.stdout)["runs"]] == [None, None]


def test_one_generation_has_no_interval(inputs: Path) -> None:
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", "--generations", "1")
    assert done.returncode == 2
    assert done.stderr.endswith("an interval takes at least 2 generations; 0 draws none.\n")


def test_the_views_of_all_runs_are_stored(finished: Finished) -> None:
    """The first decode pass of each, whatever pass the trace file shows."""
    views = read_views(finished[0] / "out", ["ordinary", "two_heads"])
    assert [(view.run, view.number) for view in views] == [("ordinary", 1), ("two_heads", 1)]
