"""Models that do not fit: refused with the place in the chip file, and with nothing written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from accsim.config import shipped
from accsim.config.resolve import load_chip, load_workload
from accsim.errors import InputError
from accsim.pipeline import check_fits, run, simulate_pass
from accsim.tracing.decoding import trace_workload
from accsim.tracing.file import write_trace

from .files import accsim, write_workload
from .models import SMALL, ordinary, traced, with_heads


def edited_chip(folder: Path, old: str, new: str) -> Path:
    """ddr_npu with a line of its file changed."""
    text = (shipped.folder("chips") / "ddr_npu.yaml").read_text()
    assert text.count(old) == 1
    path = folder / "edited.yaml"
    path.write_text(text.replace(old, new))
    return path


def position(path: Path, text: str, offset: int) -> str:
    """``file:line:column`` of the character `offset` behind the start of `text`."""
    lines = path.read_text().splitlines()
    number = next(number for number, line in enumerate(lines) if text in line)
    return f"{path}:{number + 1}:{lines[number].index(text) + offset + 1}"


def test_a_model_too_large_for_the_dram_is_refused_with_the_channels_that_would_do(
    tmp_path: Path,
) -> None:
    chip = edited_chip(tmp_path, "channels: 2 ", "channels: 1 ")
    done = accsim("run", chip, "llama2_mtp", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stdout == ""
    # fp16: 2 x 6,738,415,616 parameters + 524,288 x (1920 + 128) of cache are 13.55 GiB; without
    # three of 32 layers (404,766,720 bytes and 16,384 of cache a token each) 12.33 GiB.
    assert done.stderr.splitlines()[0] == (
        f"{position(chip, 'channels: 1', len('channels: '))}: memory.channels: runs ordinary "
        "(13.55 GiB), heads4_k1 (12.33 GiB), heads4_k4 (13.55 GiB) do not fit the 8 GiB of DRAM: "
        "2 channels of DDR4-3200 with 1 rank each would hold them, or use more ranks, denser "
        "devices or fewer bits per weight"
    )
    # One problem with its line and caret, however many runs.
    assert len(done.stderr.splitlines()) == 3
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["edited.yaml"]


def test_too_little_of_both_memories_is_told_at_once() -> None:
    chip = load_chip("ddr_npu")
    chip = replace(
        chip,
        memory=replace(chip.memory, channels=1),
        sram=replace(chip.sram, capacity_bytes=1024),
    )
    with pytest.raises(InputError) as raised:
        check_fits(chip, trace_workload(load_workload("llama2_mtp")))
    dram, sram = raised.value.problems
    assert dram.key == "memory.channels"
    assert sram.key == "sram.capacity_kib"
    assert "at least 306 KiB are needed" in sram.message


def test_an_sram_too_small_for_a_tile_is_refused_with_the_size_that_would_do(
    tmp_path: Path,
) -> None:
    work = write_workload(tmp_path)
    chip = edited_chip(tmp_path, "capacity_kib: 4096", "capacity_kib: 4")
    before = sorted(tmp_path.iterdir())
    done = accsim("run", chip, work, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stdout == ""
    first = done.stderr.splitlines()[0]
    place = position(chip, "capacity_kib: 4", len("capacity_kib: "))
    assert first.startswith(f"{place}: sram.capacity_kib: 4 KiB of SRAM are too small for pass ")
    assert "; at least " in first
    assert first.endswith(" KiB are needed")
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_the_size_that_would_do_does(tmp_path: Path) -> None:
    chip = load_chip("ddr_npu")
    trace = traced(SMALL, ordinary(), prompt=24, output=4)
    with pytest.raises(InputError, match=r"at least \d+ KiB are needed") as raised:
        run(replace(chip, sram=replace(chip.sram, capacity_bytes=4096)), trace)
    needed = int(str(raised.value).split("at least ")[1].split(" KiB")[0])
    enough = replace(chip, sram=replace(chip.sram, capacity_bytes=needed * 1024))
    assert run(enough, trace).runs[0].passes == 3


def test_a_model_that_just_fits_the_dram_is_accepted() -> None:
    chip = load_chip("ddr_npu")
    trace = traced(SMALL, ordinary(), prompt=24, output=4)
    capacity = chip.memory.capacity_bytes
    just = replace(trace, runs=(replace(trace.runs[0], resident_bytes=capacity),))
    check_fits(chip, just)
    over = replace(trace, runs=(replace(trace.runs[0], resident_bytes=capacity + 1),))
    with pytest.raises(InputError) as raised:
        check_fits(chip, over)
    assert str(raised.value) == (
        "ddr_npu: memory.channels: run ordinary (16 GiB) does not fit the 16 GiB of DRAM: "
        "4 channels of DDR4-3200 with 1 rank each would hold it, or use more ranks, denser "
        "devices or fewer bits per weight"
    )


@pytest.mark.parametrize(
    ("ranks", "gib", "channels"),
    # 8 GiB a rank and channel: 17 GiB need 3 of them, 65 GiB need 9 or, with two ranks, 5.
    [(1, 17, "4 channels of DDR4-3200 with 1 rank"), (1, 65, "16 channels"), (2, 65, "8 channels")],
)
def test_the_channels_that_would_do_are_a_power_of_two(ranks: int, gib: int, channels: str) -> None:
    chip = load_chip("ddr_npu")
    memory = replace(chip.memory, ranks=ranks)
    trace = traced(SMALL, ordinary(), prompt=24, output=4)
    large = replace(trace.runs[0], resident_bytes=gib << 30)
    with pytest.raises(InputError, match=f"DRAM: {channels} "):
        check_fits(replace(chip, memory=memory), replace(trace, runs=(large,)))


def test_a_trace_that_decodes_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prompt_only.jsonl"
    write_trace(traced(SMALL, ordinary(), with_heads(2), prompt=24, output=1), path)
    done = accsim("run", "ddr_npu", path)
    assert done.returncode == 2
    assert done.stderr == (
        "small_text: run 'ordinary' ends with the token that its prefill emits\n"
        "small_text: run 'heads2' ends with the token that its prefill emits\n"
    )


def test_a_single_pass_is_refused_like_a_whole_run() -> None:
    chip = load_chip("ddr_npu")
    one_channel = replace(chip, memory=replace(chip.memory, channels=1))
    with pytest.raises(InputError, match=r"run ordinary \(13\.56 GiB\) does not fit the 8 GiB"):
        simulate_pass(one_channel, trace_workload(load_workload("llama2_single")), "ordinary", 1)


def test_a_pass_that_is_not_there_is_an_index_error() -> None:
    trace = traced(SMALL, ordinary(), prompt=24, output=4)
    with pytest.raises(IndexError):
        simulate_pass(load_chip("ddr_npu"), trace, "ordinary", 4)


def test_a_run_that_is_not_there_is_a_key_error() -> None:
    trace = traced(SMALL, ordinary(), prompt=24, output=4)
    with pytest.raises(KeyError):
        simulate_pass(load_chip("ddr_npu"), trace, "heads2", 1)


def test_progress_is_told_for_every_simulated_pass() -> None:
    told: list[tuple[str, int, int]] = []
    trace = traced(SMALL, ordinary(), with_heads(2), prompt=24, output=4)
    run(load_chip("ddr_npu"), trace, progress=lambda *step: told.append(step))
    within = [text for text, _, _ in told if text.startswith("ordinary: prefill, ")]
    assert within[-1] == "ordinary: prefill, 100 %"
    assert len(set(within)) == len(within) <= 100
    assert [step for step in told if not step[0].endswith("%")][:5] == [
        ("ordinary: prefill", 0, 2),
        ("ordinary: decode pass 1 of 3", 0, 2),
        ("ordinary: decode pass 2 of 3", 0, 2),
        ("ordinary: decode pass 3 of 3", 0, 2),
        ("heads2: prefill", 1, 2),
    ]
    assert told[-1] == ("done", 2, 2)
