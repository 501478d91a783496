"""Chip and workload files as the values that the simulator computes with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, get_args

from accsim.chip import (
    AttentionOptions,
    Chip,
    ComputeArray,
    Dma,
    DotProductEngine,
    Memory,
    Sram,
    SramPorts,
    SystolicArray,
    VectorOp,
    VectorUnit,
)
from accsim.config import chip_schema, workload_schema
from accsim.config.formats import FORMATS, Role
from accsim.config.hf import read_hf_config
from accsim.config.kinds import WrongKindError, refuse_other_kind
from accsim.config.models import ACCEPTANCES, SHAPES
from accsim.config.problems import check
from accsim.config.shipped import find
from accsim.config.yaml_source import Document, read_yaml
from accsim.dram.standards import GRADES
from accsim.errors import InputError, Problem
from accsim.ops import NumberFormat
from accsim.units import KIB, Clock
from accsim.workload import Acceptance, ModelShape, Precision, RunSpec, Workload

T = TypeVar("T")


def load_both(chip: str, workload: str) -> tuple[Chip, Workload]:
    """Read a chip and a workload, each a path or the name of a shipped file.

    Raises:
        InputError: every problem of both files.
    """
    return load_pair(chip, workload, load_workload)


def load_pair(chip: str, workload: str, load: Callable[[str], T]) -> tuple[Chip, T]:
    """Read a chip and something else, for which there is a `load`.

    Raises:
        InputError: every problem of both files.
    """
    problems: list[Problem] = []
    chips = _collect(_load_first, chip, problems)
    others = _collect(load, workload, problems)
    if problems:
        raise InputError(problems)
    return chips[0], others[0]


def _collect(load: Callable[[str], T], text: str, problems: list[Problem]) -> list[T]:
    try:
        return [load(text)]
    except InputError as error:
        problems.extend(error.problems)
        return []


def _load_first(chip: str) -> Chip:
    """The chip of two arguments; one that is no chip is most likely in the wrong order."""
    try:
        return load_chip(chip)
    except WrongKindError as error:
        hint = "the chip comes first: accsim run CHIP WORKLOAD"
        raise InputError(
            replace(problem, message=f"{problem.message}; {hint}") for problem in error.problems
        ) from None


def load_chip(path_or_name: str) -> Chip:
    """Read a chip file, by path or by the name of a shipped one.

    Raises:
        InputError: every problem of the file.
    """
    return resolve_chip(read_chip_file(path_or_name)[1])


def read_chip_file(path_or_name: str) -> tuple[Document, chip_schema.ChipFile]:
    """Read and check a chip file: its values with their positions, and as the schema has them.

    Raises:
        InputError: every problem of the file.
    """
    document = read_yaml(str(find("chips", path_or_name)))
    refuse_other_kind(document, "chip")
    file, problems = check(document, chip_schema.ChipFile)
    if file is None:
        raise InputError(problems)
    return document, file


def load_workload(path_or_name: str) -> Workload:
    """Read a workload file, by path or by the name of a shipped one.

    Raises:
        InputError: every problem of the file, and of the ``config.json`` that it names.
    """
    document = read_yaml(str(find("workloads", path_or_name)))
    refuse_other_kind(document, "workload")
    if document.value.get("kind") == "train_step":
        raise InputError(document.problem(("kind",), "only accsim run takes a training step"))
    shape, model_problems = read_model(document)
    file, problems = check(document, workload_schema.WorkloadFile, context=shape)
    if file is None or shape is None:
        raise InputError([*problems, *model_problems])
    return _workload(file, shape)


def resolve_chip(file: chip_schema.ChipFile) -> Chip:
    """What a checked chip file describes."""
    return Chip(
        name=file.name,
        clock=Clock.from_mhz(file.core.clock_mhz),
        memory=_memory(file.memory),
        dma=Dma(outstanding=file.dma.outstanding, issue_cycles=file.dma.issue_cycles),
        sram=Sram(
            capacity_bytes=file.sram.capacity_kib * KIB,
            banks=file.sram.banks,
            bank_bytes_per_cycle=file.sram.bank_bytes_per_cycle,
            ports=SramPorts(**file.sram.ports.model_dump()),
        ),
        array=_array(file.array),
        vector=VectorUnit(
            lanes=file.vector.lanes,
            latency_cycles=file.vector.latency_cycles,
            cycles_per_element={
                operation: getattr(file.vector.cycles_per_element, operation)
                for operation in get_args(VectorOp)
            },
        ),
        dispatch_cycles=file.core.dispatch_cycles,
        attention=AttentionOptions(**file.attention.model_dump()),
    )


def _memory(section: chip_schema.MemorySection) -> Memory:
    part = GRADES[section.grade].part(section.density_gbit, section.temperature)
    usual = Memory(
        part=replace(part, timings=section.timings.over(part)),
        channels=section.channels,
        ranks=section.ranks,
        interleave_bytes=section.interleave_bytes,
        queue_bursts=section.queue_bursts,
        refresh=section.refresh,
        address_order=tuple(section.address_order),
        bank_hash=section.bank_hash,
    )
    if section.controller == chip_schema.ControllerSection():
        return usual
    return replace(usual, controller=section.controller.over(usual.policy))


def _array(section: chip_schema.SystolicSection | chip_schema.DotProductSection) -> ComputeArray:
    macs = section.macs_per_pe
    macs_per_pe = (macs.bits_16, macs.bits_8, macs.bits_4)
    if isinstance(section, chip_schema.SystolicSection):
        return SystolicArray(
            count=section.count,
            rows=section.rows,
            columns=section.columns,
            dataflow=section.dataflow,
            macs_per_pe=macs_per_pe,
            double_buffered=section.double_buffered,
            dequantise=section.dequantise,
        )
    return DotProductEngine(
        count=section.count,
        lanes=section.lanes,
        width=section.width,
        latency_cycles=section.latency_cycles,
        macs_per_pe=macs_per_pe,
        tile_rows=section.tile_rows,
        remainder=section.remainder,
        dequantise=section.dequantise,
    )


def read_model(document: Document) -> tuple[ModelShape | None, list[Problem]]:
    """The shape that the workload names, read before the rest so that the rest can be checked.

    None without a problem where the schema will find the fault.
    """
    model = document.value.get("model")
    if isinstance(model, str):
        return SHAPES.get(model), []
    config = model.get("config_json") if isinstance(model, dict) else None
    if not isinstance(config, str) or not config:
        return None, []
    try:
        return read_hf_config(str(Path(document.file).parent / config)), []
    except InputError as error:
        return None, list(error.problems)


def _workload(file: workload_schema.WorkloadFile, shape: ModelShape) -> Workload:
    return Workload(
        name=file.name,
        model=shape,
        precision=Precision(
            weights=_format(file.precision.weights, "weights"),
            activations=_format(file.precision.activations, "activations"),
            kv_cache=_format(file.precision.kv_cache, "kv_cache"),
        ),
        prompt_tokens=file.prompt_tokens,
        output_tokens=file.output_tokens,
        batch=file.batch,
        seed=file.seed,
        baseline=file.baseline,
        runs=tuple(_run(run, shape) for run in file.runs),
        prefill_chunk_tokens=file.prefill_chunk_tokens,
    )


def _format(choice: str | workload_schema.GroupedFormat, role: Role) -> NumberFormat:
    if isinstance(choice, str):
        return FORMATS[role][choice]
    zero = f"_z{choice.zero_bits}" if choice.zero_bits else ""
    return NumberFormat(
        name=f"int{choice.bits}_g{choice.group_size}_s{choice.scale_bits}{zero}",
        bits=choice.bits,
        group=choice.group_size,
        scale_bits=choice.scale_bits,
        zero_bits=choice.zero_bits,
    )


def _run(run: workload_schema.Run, shape: ModelShape) -> RunSpec:
    if isinstance(run, workload_schema.AutoregressiveRun):
        return RunSpec(
            name=run.name,
            scheme="autoregressive",
            trunk_layers=shape.layers,
            trained_heads=0,
            active_heads=0,
            acceptance=None,
        )
    return RunSpec(
        name=run.name,
        scheme="multi_token",
        # Constant parameters: each head takes the place of a trunk layer.
        trunk_layers=shape.layers - run.trained_heads,
        trained_heads=run.trained_heads,
        active_heads=run.active_heads,
        acceptance=_acceptance(run.acceptance),
    )


def _acceptance(choice: str | workload_schema.AcceptanceRates | None) -> Acceptance | None:
    if isinstance(choice, workload_schema.AcceptanceRates):
        return Acceptance(choice.source, tuple(choice.rates))
    return None if choice is None else ACCEPTANCES[choice]
