"""``accsim addresses`` and ``accsim dram --replay``: out to other DRAM simulators, and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from accsim.cli.addresses import addresses_command
from accsim.cli.dram import dram_command
from accsim.config.shipped import find
from accsim.errors import InputError

TINY = """\
name: tiny
model: {config_json: config.json}
precision: {weights: fp16, activations: fp16, kv_cache: fp16}
prompt_tokens: 16
output_tokens: 3
batch: 1
seed: 1
baseline: ordinary
runs:
  - {name: ordinary, scheme: autoregressive}
"""

CONFIG = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 1024,
    "max_position_embeddings": 128,
}


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "tiny.yaml").write_text(TINY)
    return str(tmp_path / "tiny.yaml")


def write(tiny: str, out: Path, *options: str) -> Result:
    return CliRunner().invoke(addresses_command, ["ddr_npu", tiny, "-o", str(out), *options])


@pytest.mark.parametrize("style", ["dramsim3", "ramulator2"])
def test_what_is_written_can_be_replayed(tiny: str, tmp_path: Path, style: str) -> None:
    out = tmp_path / "pass.trace"
    done = write(tiny, out, "--format", style, "--window", "0:1000")
    assert done.exit_code == 0, done.output
    lines = out.read_text().splitlines()
    assert done.stderr == f"wrote {out}: {len(lines):,} bursts\n"
    replayed = CliRunner().invoke(dram_command, ["ddr_npu", "--replay", str(out), "--json"])
    answer = json.loads(replayed.output)
    assert answer["bytes"] == 64 * len(lines)
    assert answer["model"] == "command-level reference"
    assert 0 < answer["write_bytes"] < answer["bytes"]


def test_a_whole_pass_holds_every_byte_of_it(tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "pass.trace"
    assert write(tiny, out, "--window", "0:1000", "--pass", "ordinary:1").exit_code == 0
    reads = sum(line.split()[1] == "READ" for line in out.read_text().splitlines())
    # Two layers of 655,360 weights, the LM head, 5 norms and a row of 256; 16 cached tokens of
    # 2 x 256 values in both layers: all in fp16.
    matrices = 2 * (4 * 256 * 256 + 3 * 256 * 512) + 1024 * 256
    assert 64 * reads == 2 * (matrices + 5 * 256 + 256 + 2 * 16 * 512)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ("6:5", "'6:5' is empty: START must be below END."),
        ("now", "'now' is not START:END in microseconds, such as 0:20."),
        ("nan:1", "'nan:1' is not START:END in microseconds, such as 0:20."),
        ("900000:900001", "no descriptor is handed over in it; a wider one is needed."),
    ],
)
def test_a_window_that_holds_nothing_is_refused(
    tiny: str, tmp_path: Path, window: str, message: str
) -> None:
    out = tmp_path / "pass.trace"
    done = write(tiny, out, "--window", window)
    assert done.exit_code == 2
    assert message in done.output
    assert not out.exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("foo", "expected '0xADDRESS READ|WRITE CYCLE' or 'LD|ST 0xADDRESS'"),
        ("0x40 READ soon", "expected a cycle, got 'soon'"),
        ("LD here", "expected a hexadecimal address, got 'here'"),
        ("0x400000000 READ 1", "address 0x400000000 is beyond the 0x400000000 B of DRAM"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "a.trace"
    file.write_text(f"0x0 READ 1\n{line}\n")
    done = CliRunner().invoke(dram_command, ["ddr_npu", "--replay", str(file)])
    assert isinstance(done.exception, InputError)
    assert f"{file}:2:1: {message}" in str(done.exception)


def test_files_that_are_no_traces_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    for name, message in (
        ("empty", "holds no requests"),
        ("binary", "is not a text file of addresses"),
        ("missing", "no such file or directory"),
        (".", "is a directory"),
    ):
        done = CliRunner().invoke(dram_command, ["ddr_npu", "--replay", str(tmp_path / name)])
        assert isinstance(done.exception, InputError)
        assert message in str(done.exception)


def test_a_chip_beyond_the_fast_memory_model_says_so(tiny: str, tmp_path: Path) -> None:
    text = find("chips", "ddr_npu").read_text(encoding="utf-8")
    chip, out = tmp_path / "chip.yaml", tmp_path / "pass.trace"
    chip.write_text(text.replace("  refresh: all_bank\n", "  bank_hash: true\n"))
    done = CliRunner().invoke(addresses_command, [str(chip), tiny, "-o", str(out)])
    assert done.exit_code == 0, done.output
    first, second = done.stderr.splitlines()
    assert first.startswith("the row-granular model does not know a hash of the banks: every DRAM")
    assert second.startswith(f"wrote {out}: ")
