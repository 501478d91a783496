"""Chip files: what they become, and the message for each thing that can be wrong."""

from __future__ import annotations

import copy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from accsim.chip import SEQUENTIAL, Chip, DotProductEngine, Policy, SystolicArray, VectorUnit
from accsim.config.resolve import load_chip
from accsim.dram.standards import PARTS
from accsim.errors import InputError
from accsim.units import Clock

GOOD: dict[str, Any] = {
    "name": "toy",
    "core": {"clock_mhz": 1000, "dispatch_cycles": 500},
    "memory": {
        "grade": "DDR4-3200",
        "channels": 2,
        "interleave_bytes": 256,
        "queue_bursts": 32,
    },
    "dma": {"outstanding": 8, "issue_cycles": 32},
    "sram": {"capacity_kib": 4, "banks": 16, "bank_bytes_per_cycle": 32},
    "array": {
        "kind": "systolic",
        "count": 1,
        "rows": 64,
        "columns": 32,
        "dataflow": "output_stationary",
    },
    "vector": {
        "lanes": 64,
        "latency_cycles": 32,
        "cycles_per_element": {
            "rms_norm": 2,
            "rotary": 2,
            "softmax": 4,
            "silu_mul": 2,
            "residual_add": 1,
            "argmax": 1,
            "embedding": 1,
        },
    },
}
DOT: dict[str, Any] = {
    "kind": "dot_product",
    "count": 1,
    "lanes": 2,
    "width": 32,
    "latency_cycles": 8,
}
_ABSENT = object()


def load(tmp_path: Path, changes: dict[str, object] | None = None) -> Chip:
    """The good chip with values replaced by dotted key."""
    tree = copy.deepcopy(GOOD)
    for dotted, value in (changes or {}).items():
        *parents, key = dotted.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        if value is _ABSENT:
            del branch[key]
        else:
            branch[key] = value
    path = tmp_path / "chip.yaml"
    path.write_text(yaml.safe_dump(tree, sort_keys=False))
    return load_chip(str(path))


def complaint(tmp_path: Path, changes: dict[str, object]) -> str:
    """Key and message of the only problem."""
    with pytest.raises(InputError) as caught:
        load(tmp_path, changes)
    (problem,) = caught.value.problems
    return f"{problem.key}: {problem.message}"


def test_a_chip_file_becomes_a_chip_of_integers(tmp_path: Path) -> None:
    chip = load(tmp_path)
    assert chip.clock == Clock(10**9)
    assert chip.dispatch_cycles == 500
    assert chip.memory.part == PARTS["DDR4-3200"]
    assert chip.memory.peak_bytes_per_s == Fraction(51_200_000_000)
    assert chip.memory.capacity_bytes == 16 * 2**30  # 2 channels of 8 GiB
    assert chip.sram.capacity_bytes == 4096
    assert chip.array == SystolicArray(1, 64, 32, "output_stationary", (1, 1, 1))
    assert isinstance(chip.vector, VectorUnit)
    assert chip.vector.cycles_per_element["softmax"] == 4


def test_ranks_refresh_and_macs_per_pe_have_defaults(tmp_path: Path) -> None:
    chip = load(tmp_path)
    assert chip.memory.ranks == 1
    assert chip.memory.refresh == "all_bank"
    assert chip.array.macs_per_pe == (1, 1, 1)


def test_sram_ports_carry_what_all_banks_do_unless_the_file_says_less(tmp_path: Path) -> None:
    # 16 banks of 32 bytes; a port wider than that has no more to carry.
    sram = load(tmp_path, {"sram.ports": {"array": 384, "vector": 1000}}).sram
    assert (sram.bytes_per_cycle, sram.port("dma")) == (512, 512)
    assert (sram.port("array"), sram.port("vector")) == (384, 512)


def test_banks_that_just_leave_a_byte_to_the_compute_side_are_accepted(tmp_path: Path) -> None:
    changes = {"sram.banks": 53, "sram.bank_bytes_per_cycle": 1, "sram.ports": {"dma": 52}}
    chip = load(tmp_path, changes)
    assert (chip.sram_dma_bytes_per_cycle, chip.sram_compute_bytes_per_cycle) == (52, 1)


def test_wrong_memory_or_core_says_nothing_of_sram(tmp_path: Path) -> None:
    changes: dict[str, object] = {
        "core.clock_mhz": 0,
        "sram.banks": 1,
        "sram.bank_bytes_per_cycle": 1,
    }
    assert complaint(tmp_path, changes) == "core.clock_mhz: must be at least 1, got 0"


def test_a_dot_product_engine_is_the_other_kind_of_array(tmp_path: Path) -> None:
    chip = load(tmp_path, {"array": DOT | {"macs_per_pe": {"bits_8": 2}}})
    assert chip.array == DotProductEngine(1, 2, 32, 8, (1, 2, 1))


def test_an_array_may_be_double_buffered_and_rescale(tmp_path: Path) -> None:
    chip = load(tmp_path, {"array.double_buffered": True, "array.dequantise": "array"})
    assert chip.array == SystolicArray(
        1,
        64,
        32,
        "output_stationary",
        (1, 1, 1),
        double_buffered=True,
        dequantise="array",
    )


def test_a_dot_product_engine_may_take_rows_in_groups(tmp_path: Path) -> None:
    array = DOT | {"tile_rows": 4, "remainder": "pad", "dequantise": "vector"}
    assert load(tmp_path, {"array": array}).array == DotProductEngine(
        1, 2, 32, 8, (1, 1, 1), tile_rows=4, remainder="pad", dequantise="vector"
    )


def test_a_whole_number_may_be_written_with_an_exponent(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text(yaml.safe_dump(GOOD).replace("clock_mhz: 1000", "clock_mhz: 1e3"))
    assert load_chip(str(path)).clock == Clock(10**9)


def test_a_timing_override_replaces_that_timing_alone(tmp_path: Path) -> None:
    timings = load(tmp_path, {"memory.timings": {"tRFC": 576}}).memory.part.timings
    assert timings.tRFC == 576
    assert timings.tREFI == PARTS["DDR4-3200"].timings.tREFI


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"core.clock_mhz": "fast"}, "core.clock_mhz: expected a whole number, got 'fast'"),
        ({"core.clock_mhz": "1000"}, "core.clock_mhz: expected a whole number, got '1000'"),
        ({"core.clock_mhz": True}, "core.clock_mhz: expected a whole number, got true"),
        ({"core.clock_mhz": 1.5}, "core.clock_mhz: expected a whole number, got 1.5"),
        ({"core.clock_mhz": None}, "core.clock_mhz: expected a whole number, got nothing"),
        ({"core.clock_mhz": 0}, "core.clock_mhz: must be at least 1, got 0"),
        ({"core.clock_mhz": 10_001}, "core.clock_mhz: must be at most 10000, got 10001"),
        ({"core.dispatch_cycles": -1}, "core.dispatch_cycles: must be at least 0, got -1"),
        ({"name": 5}, "name: expected text, got 5"),
        ({"name": ""}, "name: expected some text, got ''"),
        (
            {"name": "a" * 101},
            f"name: must be at most 100 characters long, got '{'a' * 56}...",
        ),
        ({"name": "a\x1bb"}, r"name: may hold only printable characters, got 'a\x1bb'"),
        (
            {"memory.refresh": True},
            "memory.refresh: unknown value true (allowed: off, all_bank, per_bank, same_bank)",
        ),
        (
            {"memory.refresh": "same_banks"},
            "memory.refresh: unknown value 'same_banks', did you mean 'same_bank'? "
            "(allowed: off, all_bank, per_bank, same_bank)",
        ),
        (
            {"memory.refresh": "per_bank"},
            "memory.refresh: DDR4-3200 has no per_bank refresh (allowed: all_bank, off)",
        ),
        (
            {"memory.grade": "DDR5-4800", "memory.refresh": "per_bank"},
            "memory.refresh: DDR5-4800 has no per_bank refresh (allowed: all_bank, same_bank, off)",
        ),
        (
            {
                "memory.grade": "LPDDR5-6400",
                "memory.density_gbit": 32,
                "memory.refresh": "per_bank",
            },
            "memory.refresh: no source gives tRFCpb of LPDDR5-6400 devices of this density; give "
            "it in memory.timings (allowed without: all_bank, off)",
        ),
        (
            {
                "memory.grade": "DDR5-4800",
                "memory.refresh": "same_bank",
                "memory.timings": {"tRFCpb": 5000},
            },
            "memory.refresh: 8 refreshes in tREFI, each with tRFCpb 5000 and tRREFD 72, need a "
            "tREFI of at least 10001, got 9375",
        ),
        (
            {"memory.timings": {"tRFCpb": 100}},
            "memory.timings.tRFCpb: DDR4-3200 refreshes all banks at once and has no tRFCpb",
        ),
        (
            {"memory.timings": {"tRREFD": 0}},
            "memory.timings.tRREFD: DDR4-3200 refreshes all banks at once and has no tRREFD",
        ),
        ({"memory.channels": 3}, "memory.channels: must be a power of two, got 3"),
        ({"memory.channels": 0}, "memory.channels: must be at least 1, got 0"),
        ({"memory.ranks": 6}, "memory.ranks: must be a power of two, got 6"),
        (
            {"memory.interleave_bytes": 96},
            "memory.interleave_bytes: must be a power of two, got 96",
        ),
        (
            {"memory.interleave_bytes": 32},
            "memory.interleave_bytes: must lie between the 64-byte burst and the 8192-byte row of "
            "DDR4-3200, got 32",
        ),
        (
            {"memory.interleave_bytes": 16384},
            "memory.interleave_bytes: must lie between the 64-byte burst and the 8192-byte row of "
            "DDR4-3200, got 16384",
        ),
        (
            {"memory.address_order": ["column", "bank", "rank", "row"]},
            "memory.address_order: leaves out bank_group "
            "(each once: bank_group, column, bank, rank, row)",
        ),
        (
            {"memory.address_order": ["bank_group", "column", "column", "rank", "row"]},
            "memory.address_order: leaves out bank and names column more than once "
            "(each once: bank_group, column, bank, rank, row)",
        ),
        (
            {"memory.address_order": ["bank_groop", "column", "bank", "rank", "row"]},
            "memory.address_order[0]: unknown value 'bank_groop', did you mean 'bank_group'? "
            "(allowed: bank_group, column, bank, rank, row)",
        ),
        (
            {"memory.address_order": "rorabacobg"},
            "memory.address_order: expected a list, got 'rorabacobg'",
        ),
        (
            {"memory.bank_hash": "xor"},
            "memory.bank_hash: expected true or false, got 'xor'",
        ),
        (
            {"memory.controller": {"page": "close"}},
            "memory.controller.page: unknown value 'close', did you mean 'closed'? "
            "(allowed: open, closed, timeout)",
        ),
        (
            {"memory.controller": {"page": "timeout"}},
            "memory.controller.page: page timeout needs timeout_cycles beside it",
        ),
        (
            {"memory.controller": {"timeout_cycles": 100}},
            "memory.controller.timeout_cycles: has no meaning with page open",
        ),
        (
            {"memory.controller": {"drain_from": 33}},
            "memory.controller.drain_from: must be at most queue_bursts, 32, got 33",
        ),
        (
            {"memory.controller": {"drain_to": 32}},
            "memory.controller.drain_to: must be less than drain_from, 32, got 32",
        ),
        (
            {"memory.controller": {"drain_from": 8, "drain_to": 9}},
            "memory.controller.drain_to: must be less than drain_from, 8, got 9",
        ),
        (
            {"memory.controller": {"hit_limit": 0}},
            "memory.controller.hit_limit: must be at least 1, got 0",
        ),
        (
            {"memory.controller": {"starvation_limit": 0}},
            "memory.controller.starvation_limit: must be at least 1, got 0",
        ),
        ({"sram": 5}, "sram: expected keys and values, got 5"),
        ({"vector": [1]}, "vector: expected keys and values, got a list"),
        (
            {"dma.issue_cycles": _ABSENT},
            "dma.issue_cycles: this key is required: core cycles to issue one descriptor",
        ),
        ({"memory": _ABSENT}, "memory: this key is required: the DRAM"),
        (
            {"array.columns": _ABSENT},
            "array.columns: this key is required: processing elements across an array",
        ),
        (
            {"dma.outstandin": 3},
            "dma.outstandin: unknown key 'outstandin', did you mean 'outstanding'? "
            "(allowed: outstanding, issue_cycles)",
        ),
        ({"dma.zz": 3}, "dma.zz: unknown key 'zz' (allowed: outstanding, issue_cycles)"),
        (
            {"array.lanes": 3},
            "array.lanes: unknown key 'lanes' "
            "(allowed: kind, count, rows, columns, dataflow, macs_per_pe, double_buffered, "
            "dequantise)",
        ),
        (
            {"array.kind": "systolc"},
            "array.kind: unknown kind 'systolc', did you mean 'systolic'? "
            "(allowed: systolic, dot_product)",
        ),
        (
            {"array.kind": _ABSENT},
            "array.kind: this key is required (allowed: systolic, dot_product)",
        ),
        (
            {"array.dataflow": "weight_station"},
            "array.dataflow: unknown value 'weight_station', did you mean 'weight_stationary'? "
            "(allowed: output_stationary, weight_stationary, input_stationary)",
        ),
        (
            {"array.double_buffered": "yes"},
            "array.double_buffered: expected true or false, got 'yes'",
        ),
        (
            {"array.dequantise": "arry"},
            "array.dequantise: unknown value 'arry', did you mean 'array'? "
            "(allowed: free, array, vector)",
        ),
        (
            {"array.tile_rows": 4},
            "array.tile_rows: unknown key 'tile_rows', did you mean 'rows'? (allowed: kind, count, "
            "rows, columns, dataflow, macs_per_pe, double_buffered, dequantise)",
        ),
        ({"array": DOT | {"tile_rows": 0}}, "array.tile_rows: must be at least 1, got 0"),
        (
            {"array": DOT | {"tile_rows": 65537}},
            "array.tile_rows: must be at most 65536, got 65537",
        ),
        (
            {"array": DOT | {"remainder": "padd"}},
            "array.remainder: unknown value 'padd', did you mean 'pad'? (allowed: gemv, pad)",
        ),
        (
            {"array": DOT | {"double_buffered": True}},
            "array.double_buffered: unknown key 'double_buffered' (allowed: kind, count, lanes, "
            "width, tile_rows, remainder, latency_cycles, macs_per_pe, dequantise)",
        ),
        (
            {"memory.timings": {"tRFCC": 3}},
            "memory.timings.tRFCC: unknown key 'tRFCC', did you mean 'tRFC'? (allowed: CL, CWL, "
            "tRCD, tRCD_WR, tRP, tRAS, tRC, tCCD_S, tCCD_L, tRRD_S, tRRD_L, tFAW, tRTP, tWR, "
            "tWTR_S, tWTR_L, tRTW, tRTRS, tRFC, tREFI, tRFCpb, tRREFD)",
        ),
        ({"memory.timings": {"tRP": 0}}, "memory.timings.tRP: must be at least 1, got 0"),
        (
            {"memory.timings": {"tREFI": 560}},
            "memory.timings.tREFI: tREFI is 560, must be at least 561: more than tRFC, or there is "
            "time for nothing but refresh",
        ),
        (
            {"memory.timings": {"tRCD": 53}},
            "memory.timings.tRAS: tRAS is 52, must be at least 53: a row stays open for at least "
            "tRCD",
        ),
        (
            {"memory.timings": {"tRC": 51}},
            "memory.timings.tRC: tRC is 51, must be at least 52: a row cycle holds tRAS",
        ),
        (
            {"memory.timings": {"tCCD_S": 3}},
            "memory.timings.tCCD_S: tCCD_S is 3, must be at least 4: a burst takes so many cycles "
            "of the data bus",
        ),
        (
            {"memory.timings": {"tCCD_L": 3}},
            "memory.timings.tCCD_L: tCCD_L is 3, must be at least 4: tCCD_S",
        ),
        (
            {"memory.timings": {"CL": 25}},  # 25 - 16 + 4 = 13, the grade's tRTW is 12
            "memory.timings.tRTW: tRTW is 12, must be at least 13: CL - CWL + burst, or two bursts "
            "meet on the data bus",
        ),
        (
            {"sram.bytes_per_cycle": 512},
            "sram.bytes_per_cycle: unknown key 'bytes_per_cycle', did you mean "
            "'bank_bytes_per_cycle'? (allowed: capacity_kib, banks, bank_bytes_per_cycle, ports)",
        ),
        ({"sram.banks": 0}, "sram.banks: must be at least 1, got 0"),
        (  # 51.2 bytes a cycle from the pins: 52 for the DMA, and one more
            {"sram.banks": 2, "sram.bank_bytes_per_cycle": 26},
            "sram.banks: all banks carry 52 bytes per core cycle (2 x 26), must be at least 53: "
            "the DRAM's pins carry 51.2, array and vector unit share the rest",
        ),
        (
            {"sram.ports": {"dma": 51}},
            "sram.ports.dma: the DMA's port carries 51 bytes per core cycle, must be at least 52: "
            "the DRAM's pins carry 51.2, and their data cannot wait",
        ),
        ({"sram.ports": {"array": 0}}, "sram.ports.array: must be at least 1, got 0"),
    ],
)
def test_each_wrong_value_has_its_message(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    assert complaint(tmp_path, changes) == message


def test_an_unknown_grade_names_the_nearest_and_all_known_ones(tmp_path: Path) -> None:
    assert complaint(tmp_path, {"memory.grade": "ddr4-3000"}) == (
        "memory.grade: unknown memory grade 'ddr4-3000', did you mean 'DDR4-3200'? (allowed: "
        "DDR4-2400, DDR4-3200, DDR5-4800, DDR5-5600, DDR5-6400, LPDDR4X-4266, LPDDR5-6400, "
        "LPDDR5X-8533, HBM2e-3200, HBM3-6400, GDDR6-14000)"
    )


def test_a_bound_that_a_timing_just_meets_is_accepted(tmp_path: Path) -> None:
    timings = {"tRFC": 100, "tREFI": 101, "tRCD": 52, "tRC": 52, "CL": 24}
    assert load(tmp_path, {"memory.timings": timings}).memory.part.timings.tREFI == 101


def test_all_problems_come_at_once_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text(
        "name: toy\n"
        "core: {clock_mhz: 0, dispatch_cycles: 1}\n"
        "memory: {grade: DDR4-3200, chanels: 2, interleave_bytes: 3, queue_bursts: 8}\n"
        "dma: {outstanding: .nan, outstanding: 8, issue_cycles: x}\n"
    )
    with pytest.raises(InputError) as caught:
        load_chip(str(path))
    places = [(p.line, p.column, p.key) for p in caught.value.problems]
    assert places == [
        (None, None, "sram"),
        (None, None, "array"),
        (None, None, "vector"),
        (2, 19, "core.clock_mhz"),
        (3, 1, "memory.channels"),
        (3, 28, "memory.chanels"),
        (3, 58, "memory.interleave_bytes"),
        # YAML's own complaint stands alone: none about the value that it left out.
        (4, 20, "dma.outstanding"),
        (4, 26, "dma.outstanding"),
        (4, 56, "dma.issue_cycles"),
    ]


def test_a_problem_shows_its_line_and_points_at_the_value(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text(yaml.safe_dump(GOOD, sort_keys=False).replace("DDR4-3200", "12"))
    with pytest.raises(InputError) as caught:
        load_chip(str(path))
    assert str(caught.value).split("\n") == [
        f"{path}:6:10: memory.grade: expected text, got 12",
        "      grade: 12",
        "             ^",
    ]


def test_a_memory_without_a_word_on_its_controller_has_the_usual_one(tmp_path: Path) -> None:
    memory = load(tmp_path, {"memory.queue_bursts": 48}).memory
    assert memory.controller is None
    assert memory.policy == Policy(buffer=48, drain_from=48, groups_in_turn=True)
    assert (memory.address_order, memory.bank_hash) == (SEQUENTIAL, False)


def test_a_controller_keeps_what_the_file_does_not_change(tmp_path: Path) -> None:
    settings = {"page": "timeout", "timeout_cycles": 200, "drain_to": 7, "hit_limit": 9}
    given: dict[str, object] = {"memory.grade": "HBM2e-3200", "memory.controller": settings}
    assert load(tmp_path, given).memory.policy == Policy(
        groups_in_turn=True,
        buffer=32,
        drain_from=32,
        drain_to=7,
        hit_limit=9,
        page="timeout",
        timeout_cycles=200,
        two_commands=True,
    )


def test_an_address_order_and_a_hash_reach_the_memory(tmp_path: Path) -> None:
    order = ["column", "bank_group", "bank", "row", "rank"]
    memory = load(tmp_path, {"memory.address_order": order, "memory.bank_hash": True}).memory
    assert memory.address_order == ("column", "bank_group", "bank", "row", "rank")
    assert memory.bank_hash


def test_problems_of_order_and_controller_come_together_with_their_lines(tmp_path: Path) -> None:
    wrong: dict[str, object] = {
        "memory.address_order": ["column"],
        "memory.controller": {"page": "timeout", "drain_from": 99, "drain_to": 99},
        "sram.capacity_kib": 0,
    }
    with pytest.raises(InputError) as caught:
        load(tmp_path, wrong)
    lines = (tmp_path / "chip.yaml").read_text().splitlines()
    found = {problem.key: problem.line for problem in caught.value.problems}
    assert list(found) == [
        "memory.address_order",
        "memory.controller.page",
        "memory.controller.drain_from",
        "memory.controller.drain_to",
        "sram.capacity_kib",
    ]
    for key, line in found.items():
        # A list begins in the line below its key.
        shown = lines[(line or 0) - 1] + lines[(line or 0) - 2]
        assert f"{key.rpartition('.')[2]}:" in shown
