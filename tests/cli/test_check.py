"""``accsim check`` on sound and on spoiled files of every kind."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from analysis.sound import sound_result
from click.testing import CliRunner, Result

from accsim.cli.main import cli
from accsim.report.json_text import result_json

from .conftest import accsim, write_inputs

Json = dict[str, Any]

HEADER = '{"record": "header", "format": "accsim.trace/1"}'


def checked(*files: Path, options: tuple[str, ...] = ()) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, files), *options], catch_exceptions=False)


def written(folder: Path, text: str | bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one sound file of each kind; no name says what is in it."""
    folder = tmp_path_factory.mktemp("sound")
    write_inputs(folder)
    written(folder, result_json(sound_result()), "result")
    written(folder, "ops:\n- {match: '*', rows: 4}\n", "mapping")
    done = CliRunner().invoke(
        cli, ["trace", str(folder / "work.yaml"), "-o", str(folder / "trace.jsonl")]
    )
    assert done.exit_code == 0, done.stderr
    shutil.copy(folder / "chip.yaml", folder / "chip")
    shutil.copy(folder / "work.yaml", folder / "workload")
    shutil.copy(folder / "trace.jsonl", folder / "trace")
    step = "name: step\nkind: train_step\nmodel: llama2-7b\nprecision: fp16\nbatch: 1\n"
    step += "sequence_tokens: 64\nbaseline: a\nruns: [{name: a, heads: 1}]\n"
    written(folder, step, "training step")
    sweep = "name: pairs\nchip: chip.yaml\nworkload: work.yaml\nmetrics: [pins]\n"
    sweep += "axes: {chip.memory.ranks: [1, 2], chip.dma.outstanding: [4, 8]}\n"
    written(folder, sweep + "sampler: {kind: random, count: 3}\n", "sweep")
    return folder


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("result", "result of pocket x text: 23 laws hold"),
        ("chip", "chip pocket: DRAM "),
        ("workload", "workload pocket_text: "),
        ("mapping", "mapping of 1 pin, whose operators are checked by accsim explain --mapping"),
        ("trace", "trace of pocket_text: "),
        ("sweep", "sweep pairs: 4 points of 2 axes, sampler random"),
        ("training step", "training step step: llama2-7b of 6.738 G parameters, 1 sequence of 64 "),
    ],
)
def test_a_sound_file_of_each_kind_is_told_in_one_line(sound: Path, name: str, told: str) -> None:
    done = checked(sound / name)
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith(f"{sound / name}: ok: {told}")
    assert done.stdout.count("\n") == 1
    document = json.loads(checked(sound / name, options=("--json",)).stdout)
    assert [(one["kind"], one["verdict"]) for one in document["files"]] == [(name, "ok")]


def test_the_bounds_of_a_chip_are_told() -> None:
    # 2 x 64 bits x 3200 MT/s = 51.2 GB/s; 64 x 64 at 1 GHz = 4.096 TMAC/s; 4096 / 51.2 = 80.
    done = accsim("check", Path(__file__).parents[2] / "chips" / "ddr_npu.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(
        ": ok: chip ddr_npu: DRAM 51.2 GB/s of 16 GiB, 4.096 TMAC/s, ridge at 80 MACs/B, "
        "SRAM 4 MiB, 1 GHz\n"
    )


def test_a_simulated_result_keeps_all_laws(sound: Path, tmp_path: Path) -> None:
    run = accsim("run", sound / "chip.yaml", sound / "work.yaml", "--json", "--quiet")
    done = checked(written(tmp_path, run.stdout))
    assert done.exit_code == 0, done.stderr


def test_all_broken_laws_of_a_result_are_told(tmp_path: Path) -> None:
    broken: Json = sound_result().to_json()
    broken["runs"][0]["units"][0]["idle_ps"] = 1
    broken["speedup"]["two"] = 3.0
    file = written(tmp_path, json.dumps(broken))
    done = checked(file)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"{file}: runs[0].units[0]: adds up to 10000000001 ps, not to 10000000000 "
        "(a unit is busy, stalled or idle all the time)\n"
        f"{file}: speedup.two: is 3, but tpot_s of the baseline over that of the run makes 2 "
        "(speed-ups follow from the runs)\n"
    )


def test_a_trace_that_contradicts_itself_breaks_a_law(sound: Path, tmp_path: Path) -> None:
    lines = (sound / "trace").read_text().splitlines()
    header = json.loads(lines[0])
    header["totals"]["macs"] += 1
    file = written(tmp_path, "\n".join([json.dumps(header), *lines[1:]]))
    done = checked(file)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{file}:1:1: totals.macs: the header states ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1:1: expected keys and values at the top level, the file is empty"),
        ("a: 1\n", ": no key at the top level is of any kind of file that accsim reads "),
        (b"\xff\xfe", ": is not UTF-8 text: byte 0xff at offset 0"),
        ('{"schema": "accsim.result/1",', ":1:30: not valid JSON: "),
        ('{"schema": "accsim.result/1"}', ": chip: this key is required"),
        (
            '{"schema": "accsim.comparison/1"}',
            ": schema: this is what accsim compare prints (accsim.comparison/1), not a result",
        ),
        ("name: x\nmemory: {channels: two}\n", ":2:20: memory.channels: expected a whole number"),
        ("name: x\nruns: []\n", ": model: this key is required"),
        ("ops: []\n", ":1:6: ops: expected at least one entry"),
        (HEADER, ":1:1: "),
        (
            gzip.compress(HEADER.encode(), mtime=0),
            ": is compressed: the name of a gzip file must end",
        ),
        (gzip.compress(b"x" * 99, mtime=0)[:20], ": is a binary file, expected UTF-8 text"),
        ("[" * 9999, ":1:65: nested more than 64 levels deep"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, text: str | bytes, message: str) -> None:
    file = written(tmp_path, text)
    done = checked(file)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert f"{file}{message}" in done.stderr


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    done = checked(tmp_path / "none")
    assert done.exit_code == 2
    assert done.stderr == f"{tmp_path}/none: no such file\n"


def test_the_worst_of_several_files_is_the_exit_code(sound: Path, tmp_path: Path) -> None:
    unreadable = written(tmp_path, "a: 1\n", "unreadable")
    text = result_json(sound_result()).replace('"seed": 1', '"seed": 1.5')
    form = written(tmp_path, text, "form")
    law = written(tmp_path, text.replace("1.5", "1").replace('"two": 2.0', '"two": 2.5'), "law")
    assert checked(sound / "chip", law).exit_code == 1
    assert checked(unreadable, law, sound / "chip").exit_code == 2
    assert checked(law, form).exit_code == 2


def test_the_object_names_law_and_place_of_each_fault(tmp_path: Path) -> None:
    text = result_json(sound_result()).replace('"two": 2.0', '"two": 2.5', 1)
    law, form = (
        written(tmp_path, text, "law"),
        written(tmp_path, "memory: {channels: two}\n", "form"),
    )
    done = checked(law, form, options=("--json",))
    assert done.stderr == ""
    document: Json = json.loads(done.stdout)
    assert list(document) == ["schema", "files"]
    assert document["schema"] == "accsim.check/1"
    first, second = document["files"]
    assert list(first) == ["file", "verdict", "kind", "told", "laws", "faults"]
    assert (first["verdict"], first["kind"], len(first["laws"])) == ("broken", "result", 23)
    assert first["faults"] == [
        {
            "file": str(law),
            "line": None,
            "column": None,
            "key": "speedup.two",
            "message": "is 2.5, but tpot_s of the baseline over that of the run makes 2 "
            "(speed-ups follow from the runs)",
            "law": "speed-ups follow from the runs",
        }
    ]
    assert (second["verdict"], second["kind"], second["laws"]) == ("unreadable", "chip", [])
    channels = next(one for one in second["faults"] if one["key"] == "memory.channels")
    assert (channels["line"], channels["column"], channels["law"]) == (1, 20, None)
