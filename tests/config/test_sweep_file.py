"""Sweep files: what they become, and the message for each thing that can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from accsim.config.kinds import WrongKindError
from accsim.config.sweep_file import load_study
from accsim.errors import InputError
from accsim.study import Axis, Condition, Limit, Objective, Sampler, Study

BASE = "chip: ddr_npu\nworkload: llama2_mtp\n"
ASKED = "metrics: [area_mm2]\n"


def study(folder: Path, text: str, base: str = BASE) -> Study:
    path = folder / "sweep.yaml"
    path.write_text(f"name: a sweep\n{base}{text}", encoding="utf-8")
    return load_study(str(path))


def axes(
    folder: Path, text: str, base: str = "chip: ddr_npu\nworkload: llama2_mtp\n"
) -> list[Axis]:
    """The axes of a sweep file with these lines below `axes`."""
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    return list(study(folder, f"{ASKED}axes:\n{indented}", base).axes)


def complaints(
    folder: Path, text: str, base: str = "chip: ddr_npu\nworkload: llama2_mtp\n"
) -> list[str]:
    """Line, column, key and message of each problem."""
    with pytest.raises(InputError) as caught:
        study(folder, text, base)
    return [f"{p.line}:{p.column}: {p.key}: {p.message}" for p in caught.value.problems]


def complaints_of_axes(
    folder: Path, text: str, base: str = "chip: ddr_npu\nworkload: llama2_mtp\n"
) -> list[str]:
    """Key, without ``axes.``, and message of each problem with these axes."""
    with pytest.raises(InputError) as caught:
        axes(folder, text, base)
    return [f"{p.key.removeprefix('axes.')}: {p.message}" for p in caught.value.problems]


def test_every_key_is_read(tmp_path: Path) -> None:
    found = study(
        tmp_path,
        "axes: {chip.memory.channels: [1, 2]}\n"
        "limits: {area_mm2: {most: 30}, heads4_k4.tokens_per_s: {least: 1.5}}\n"
        "objectives: {heads4_k4.tokens_per_s: maximise, pins: minimise}\n"
        "metrics: [best.run]\n"
        "sampler: {kind: sobol, count: 8, seed: 7}\n"
        "timeout_s: 60\n",
    )
    assert found == Study(
        name="a sweep",
        chips=("ddr_npu",),
        workloads=("llama2_mtp",),
        axes=(Axis("chip.memory.channels", ("chip.memory.channels",), ((1,), (2,))),),
        limits=(Limit("area_mm2", None, 30.0), Limit("heads4_k4.tokens_per_s", 1.5, None)),
        objectives=(
            Objective("heads4_k4.tokens_per_s", maximise=True),
            Objective("pins", maximise=False),
        ),
        metrics=("best.run",),
        sampler=Sampler("sobol", 8, 7),
        timeout_s=60.0,
    )
    assert found.folder == str(tmp_path)


def test_without_a_sampler_all_points_are_simulated(tmp_path: Path) -> None:
    found = study(tmp_path, ASKED)
    assert (found.sampler, found.timeout_s) == (Sampler("grid", None, 1), 300.0)


def test_several_chips_and_workloads_are_the_first_axes(tmp_path: Path) -> None:
    found = axes(
        tmp_path,
        "chip.memory.ranks: [1, 2]",
        "chip: [ddr_npu, lpddr5_soc]\nworkload: [llama2_mtp, llama2_mtp_int4]\n",
    )
    assert [axis.name for axis in found] == ["chip", "workload", "chip.memory.ranks"]
    assert found[0].levels == (("ddr_npu",), ("lpddr5_soc",))


def test_a_chip_is_found_from_the_folder_of_the_sweep(tmp_path: Path) -> None:
    text = Path(__file__).parents[2].joinpath("chips", "ddr_npu.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert study(tmp_path, ASKED, "chip: mine.yaml\nworkload: llama2_mtp\n").chips == ("mine.yaml",)


def test_a_range_of_equal_ratios_is_rounded_for_whole_numbers(tmp_path: Path) -> None:
    (axis,) = axes(tmp_path, "chip.memory.channels: {from: 1, to: 16, steps: 5, scale: log}")
    assert axis.levels == ((1,), (2,), (4,), (8,), (16,))
    assert all(isinstance(setting, int) for (setting,) in axis.levels)


def test_steps_that_round_to_the_same_are_one_level(tmp_path: Path) -> None:
    # 1, 1.5, 2, 2.5, 3: half to even, as Python rounds.
    (axis,) = axes(tmp_path, "chip.array.count: {from: 1, to: 3, steps: 5}")
    assert axis.levels == ((1,), (2,), (3,))


def test_a_range_of_fractions_has_no_noise_of_floats(tmp_path: Path) -> None:
    (axis,) = axes(
        tmp_path,
        "rate:\n"
        "  keys:\n"
        "  - workload.runs.n2.acceptance.single_rate\n"
        "  - workload.runs.n3.acceptance.single_rate\n"
        "  from: 0.1\n"
        "  to: 0.4\n"
        "  steps: 4\n",
        "chip: ddr_npu\nworkload: llama2_n_heads\n",
    )
    assert axis.levels == ((0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (0.4, 0.4))


def test_one_setting_is_an_axis_of_one_level(tmp_path: Path) -> None:
    (axis,) = axes(tmp_path, "workload.baseline: heads4_k1")
    assert axis.levels == (("heads4_k1",),)


def test_a_float_that_is_whole_suits_a_key_for_whole_numbers(tmp_path: Path) -> None:
    (axis,) = axes(tmp_path, "chip.sram.capacity_kib: [1e3, 2e3]")
    assert [type(setting) for (setting,) in axis.levels] == [int, int]


def test_several_keys_change_together(tmp_path: Path) -> None:
    (axis,) = axes(
        tmp_path, "array: {keys: [chip.array.rows, chip.array.columns], levels: [8, [16, 32]]}"
    )
    assert axis == Axis("array", ("chip.array.rows", "chip.array.columns"), ((8, 8), (16, 32)))


def test_an_axis_may_exist_under_conditions(tmp_path: Path) -> None:
    axis = axes(
        tmp_path,
        "chip.memory.grade: [DDR4-2400, DDR4-3200, DDR5-6400]\n"
        "chip.memory.density_gbit:\n"
        "  levels: [4, 8]\n"
        "  when: {chip.memory.grade: [DDR4-2400, DDR4-3200]}\n",
    )[1]
    assert axis.when == (Condition("chip.memory.grade", ("DDR4-2400", "DDR4-3200")),)


def test_two_axes_may_set_a_key_at_different_points(tmp_path: Path) -> None:
    found = axes(
        tmp_path,
        "few: {keys: [chip.memory.channels], levels: [1, 2], when: {chip: ddr_npu}}\n"
        "many: {keys: [chip.memory.channels], levels: [16, 32], when: {chip: hbm_npu}}\n",
        "chip: [ddr_npu, hbm_npu]\nworkload: llama2_mtp\n",
    )
    assert [axis.name for axis in found] == ["chip", "few", "many"]


def test_a_key_of_one_chip_only_needs_the_condition(tmp_path: Path) -> None:
    base = "chip: [ddr_npu, ddr_dot]\nworkload: llama2_mtp\n"
    rows = "chip.array.rows: {levels: [16, 32], when: {chip: ddr_npu}}"
    assert len(axes(tmp_path, rows, base)) == 2
    assert complaints_of_axes(tmp_path, "chip.array.rows: [16]", base) == [
        "chip.array.rows: ddr_dot: unknown key 'rows', did you mean 'tile_rows'? (allowed: kind, "
        "count, lanes, width, tile_rows, remainder, latency_cycles, macs_per_pe, dequantise)"
    ]


def test_a_level_that_only_goes_with_levels_of_other_axes_is_kept(tmp_path: Path) -> None:
    # The pins bring 51.2 bytes a cycle: a bank of 32 bytes is too slow, one of 128 is not.
    found = axes(tmp_path, "chip.sram.banks: [1, 16]\nchip.sram.bank_bytes_per_cycle: [32, 128]")
    assert found[0].levels == ((1,), (16,))
    assert complaints_of_axes(tmp_path, "chip.sram.banks: [1, 16]") == [
        "chip.sram.banks[0]: all banks carry 32 bytes per core cycle (1 x 32), must be at least "
        "53: the DRAM's pins carry 51.2, array and vector unit share the rest"
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "chip.memory.chanels: [1]",
            "chip.memory.chanels: ddr_npu: unknown key 'chanels', did you mean 'channels'? "
            "(allowed: grade, density_gbit, temperature, channels, ranks, interleave_bytes, "
            "queue_bursts, address_order, bank_hash, controller, timings, refresh)",
        ),
        ("chip.memory.channels: [3]", "chip.memory.channels[0]: must be a power of two, got 3"),
        (
            "chip.memory.channels: {from: 1, to: 3, steps: 2}",
            "chip.memory.channels: must be a power of two, got 3",
        ),
        (
            "chip.array.rows: [yes]",
            "chip.array.rows[0]: expected a whole number, got 'yes'",
        ),
        (
            "chip.array.rows: [[1, 2]]",
            "chip.array.rows[0]: expected a setting for each of 1 key, got 2",
        ),
        ("chip.array.rows: [8, 16, 8e0]", "chip.array.rows[2]: this level is given twice"),
        (
            "chip.array.rows: [null]",
            "chip.array.rows[0]: expected a number, text, true or false, got nothing",
        ),
        (
            "a: {keys: [chip.array.rows, chip.array.rows], levels: [[1, {}]]}",
            "a.levels[0][1]: expected a number, text, true or false, got a mapping",
        ),
        (
            "chip.array.rows: null",
            "chip.array.rows: expected a list of levels, or keys and values with levels, or with "
            "from, to and steps, got nothing",
        ),
        (
            "chip.array: [1]",
            "chip.array: ddr_npu: array is a section, an axis sets one of its keys (kind, count, "
            "rows, columns, dataflow, macs_per_pe, double_buffered, dequantise)",
        ),
        (
            "chip.memory.address_order: [row]",
            "chip.memory.address_order: ddr_npu: memory.address_order is a list, an axis sets one "
            "value",
        ),
        (
            "workload.runs.heads4_k5.acceptance: [code]",
            "workload.runs.heads4_k5.acceptance: llama2_mtp: no entry of runs is named 'heads4_k5',"
            " did you mean 'heads4_k4'? (allowed: ordinary, heads4_k1, heads4_k4)",
        ),
        (
            "workload.runs.heads4_k4.acceptance.single_rate: [0.5]",
            "workload.runs.heads4_k4.acceptance.single_rate: llama2_mtp: runs[2].acceptance is "
            "'code' there and has no keys of its own",
        ),
        (
            "workload.runs.heads4_k4.acceptance: [cod]",
            "workload.runs.heads4_k4.acceptance[0]: unknown acceptance set 'cod', did you mean "
            "'code'? (allowed: wikipedia, books, code, eagle_llama2_chat_7b, "
            "eagle_llama2_chat_13b, eagle_llama2_chat_70b, deepseek_v3, deepseek_v3_high)",
        ),
        (
            "workload.prompt_tokens: [4000]",
            "workload.prompt_tokens[0]: output_tokens: prompt 4000 + output 128 exceeds the 4096 "
            "positions of llama2-7b",
        ),
        (
            "array: [1]",
            "array: expected a key of chip or workload, such as chip.memory.channels, or `keys` "
            "below a name of the axis, got 'array'",
        ),
        ("chip: [ddr_npu, hbm_npu]", "chip: the axis of chips is a list of files below chip"),
        (
            "a: {keys: [chips.x], levels: [1]}",
            "a.keys[0]: expected a key of chip or workload, such as chip.memory.channels, got "
            "'chips.x'",
        ),
        (
            "a: {keys: [chip.array.rows, chip.array.rows], levels: [1]}",
            "a.keys[1]: chip.array.rows is given twice",
        ),
        (
            "chip.array.rows: {levels: [1], when: {chip: ddr_npu}}",
            "chip.array.rows.when.chip: no axis before this one sets chip",
        ),
        (
            "chip.array.rows: {from: 0, to: 8, steps: 3, scale: log}",
            "chip.array.rows.scale: equal ratios (log) need both ends above 0",
        ),
        (
            "chip.array.rows: {from: 1, too: 8, steps: 3}",
            "chip.array.rows.to: this key is required: the last level",
        ),
    ],
)
def test_what_is_wrong_with_an_axis_is_told_where_it_stands(
    tmp_path: Path, line: str, message: str
) -> None:
    assert message in complaints_of_axes(tmp_path, line)


def test_a_key_that_two_axes_set_is_refused(tmp_path: Path) -> None:
    text = "chip.array.rows: [8]\na: {keys: [chip.array.rows], levels: [16]}"
    assert complaints_of_axes(tmp_path, text) == [
        "a.keys[0]: the axis 'chip.array.rows' sets chip.array.rows too, at the same points"
    ]


def test_a_condition_on_what_is_never_set_is_refused(tmp_path: Path) -> None:
    text = (
        "chip.array.rows: [8, 16]\n"
        "chip.array.columns: {levels: [8], when: {chip.array.rows: [8, 9], chip.array.row: 8}}"
    )
    assert complaints_of_axes(tmp_path, text) == [
        "chip.array.columns.when.chip.array.rows[1]: chip.array.rows is never 9 (levels: 8, 16)",
        "chip.array.columns.when.chip.array.row: no axis before this one sets chip.array.row, did "
        "you mean 'chip.array.rows'? (allowed: chip.array.rows)",
    ]


def test_all_problems_of_the_form_come_at_once(tmp_path: Path) -> None:
    text = (
        "limit: {}\n"
        "limits: {pins: {}, area_mm2: {least: 3, most: 2}}\n"
        "objectives: {pins: smallest}\n"
        "sampler: {kind: nsga, count: 3}\n"
        "timeout_s: 0\n"
    )
    assert complaints(tmp_path, text, "chip: no_chip\nworkload: [llama2_mtp, llama2_train]\n") == [
        "4:1: limit: unknown key 'limit', did you mean 'limits'? (allowed: name, chip, workload, "
        "axes, limits, objectives, metrics, sampler, timeout_s)",
        "5:16: limits.pins: limits nothing: give least, most or both",
        "5:30: limits.area_mm2: nothing lies between 3 and 2",
        "6:20: objectives.pins: unknown value 'smallest' (allowed: maximise, minimise)",
        "7:17: sampler.kind: unknown value 'nsga', did you mean 'nsga2'? (allowed: grid, random, "
        "sobol, latin_hypercube, nsga2, tpe)",
        "8:12: timeout_s: must be at least 1.0, got 0",
        "2:7: chip: no_chip: no such file, and no shipped chip of that name (allowed: cpu_tiled, "
        "ddr5_npu, ddr_dot, ddr_npu, hbm_npu, lpddr5_soc)",
        "7:7: kind: only accsim run takes a training step",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sampler: {kind: random}\n" + ASKED, "4:10: sampler: random needs a count of points"),
        (
            "sampler: {kind: nsga2, count: 9}\n" + ASKED,
            "4:17: sampler.kind: nsga2 searches for the best: give objectives",
        ),
        (
            "sampler: {kind: grid, count: 9}\n" + ASKED,
            "4:30: sampler.count: a grid is all points; for some of them choose another sampler",
        ),
        (
            "timeout_s: 9\n",
            "1:1: : nothing is asked of the points: give objectives, metrics or both",
        ),
        (
            "metrics: [area_mm3]\n",
            "4:11: metrics[0]: unknown metric 'area_mm3', did you mean 'area_mm2'?",
        ),
        (
            "metrics: [heads4_k3.bound]\n",
            "4:11: metrics[0]: llama2_mtp has no run 'heads4_k3', did you mean 'heads4_k4'? "
            "(allowed: ordinary, heads4_k1, heads4_k4, best)",
        ),
        (
            "objectives: {best.run: maximise}\n",
            "4:14: objectives.best.run: best.run is a name and no number: it can only be stored, "
            "below metrics",
        ),
        (
            "limits: {best.bound: {most: 1}}\n" + ASKED,
            "4:10: limits.best.bound: best.bound is a name and no number: it can only be stored, "
            "below metrics",
        ),
    ],
)
def test_what_is_asked_must_make_sense(tmp_path: Path, text: str, message: str) -> None:
    assert complaints(tmp_path, text) == [message]


def test_a_file_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    base = "chip: [ddr_npu, ddr_npu]\nworkload: llama2_mtp\n"
    assert complaints(tmp_path, ASKED, base) == ["2:17: chip[1]: this file is given twice"]


def test_a_chip_is_no_sweep() -> None:
    with pytest.raises(WrongKindError) as caught:
        load_study("ddr_npu")
    assert str(caught.value) == "ddr_npu: this is a shipped chip, not a sweep"
