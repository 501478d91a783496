"""Chip and workload files as the values that the simulator computes with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, get_args

from accsim.acceptance import Acceptance, Recording, from_histogram
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
from accsim.config.acceptance_schema import (
    AcceptanceHistogram,
    AcceptanceRates,
    AcceptanceRecording,
    AcceptanceSection,
    SingleRate,
)
from accsim.config.formats import FORMATS, Role
from accsim.config.hf import read_hf_config
from accsim.config.kinds import WrongKindError, refuse_other_kind
from accsim.config.models import ACCEPTANCES, SHAPES
from accsim.config.problems import check
from accsim.config.recording import Lines, read_recording
from accsim.config.shipped import find
from accsim.config.yaml_source import Document, read_yaml
from accsim.dram.standards import GRADES
from accsim.errors import InputError, Problem
from accsim.ops import NumberFormat
from accsim.units import KIB, Clock
from accsim.workload import (
    Autoregressive,
    DraftModel,
    Medusa,
    ModelShape,
    MultiToken,
    Precision,
    PromptLookup,
    RunSpec,
    Scheme,
    SequentialMtp,
    Workload,
)

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
    return document, check_chip(document)


def check_chip(document: Document) -> chip_schema.ChipFile:
    """A chip file that was read, as the schema has it.

    Raises:
        InputError: every problem of the file.
    """
    file, problems = check(document, chip_schema.ChipFile)
    if file is None:
        raise InputError(problems)
    return file


def load_workload(path_or_name: str) -> Workload:
    """Read a workload file, by path or by the name of a shipped one.

    Raises:
        InputError: every problem of the file, and of the ``config.json`` and the recordings that it
            names.
    """
    return read_workload_file(path_or_name)[2]


def read_workload_file(
    path_or_name: str,
) -> tuple[Document, workload_schema.WorkloadFile, Workload]:
    """Read a workload file: its values with their positions, as the schema has them, and resolved.

    Raises:
        InputError: as `load_workload`.
    """
    document = read_yaml(str(find("workloads", path_or_name)))
    refuse_other_kind(document, "workload")
    return document, *check_workload(document)


def resolve_workload(document: Document) -> Workload:
    """What a workload file that was read describes.

    Raises:
        InputError: every problem of the file, and of the ``config.json`` and the recordings that it
            names.
    """
    return check_workload(document)[1]


def check_workload(document: Document) -> tuple[workload_schema.WorkloadFile, Workload]:
    """The same, and the file as the schema has it.

    Raises:
        InputError: as `resolve_workload`.
    """
    if document.value.get("kind") == "train_step":
        raise InputError(document.problem(("kind",), "only accsim run takes a training step"))
    shapes, model_problems = _shapes(document)
    file, problems = check(document, workload_schema.WorkloadFile, context=shapes)
    recordings, recording_problems = _recordings(document, file)
    problems += [*model_problems, *recording_problems]
    if file is None or shapes.model is None or problems:
        raise InputError(problems)
    return file, _workload(file, shapes, recordings)


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
        energy=file.energy.stated(),
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


def _shapes(document: Document) -> tuple[workload_schema.Shapes, list[Problem]]:
    """The shapes that the workload names, read before the rest so that the rest can be checked."""
    model, problems = read_model(document, document.value.get("model"))
    drafters: dict[int, ModelShape] = {}
    runs = document.value.get("runs")
    for index, run in enumerate(runs if isinstance(runs, list) else ()):
        if isinstance(run, dict) and run.get("scheme") == "draft_model":
            drafter, more = read_model(document, run.get("drafter"))
            problems += more
            if drafter is not None:
                drafters[index] = drafter
    return workload_schema.Shapes(model, drafters), problems


def read_model(document: Document, model: object) -> tuple[ModelShape | None, list[Problem]]:
    """A shape by name or from a file; None without a problem where the schema finds the fault."""
    if isinstance(model, str):
        return SHAPES.get(model), []
    config = model.get("config_json") if isinstance(model, dict) else None
    if not isinstance(config, str) or not config:
        return None, []
    try:
        return read_hf_config(str(Path(document.file).parent / config)), []
    except InputError as error:
        return None, list(error.problems)


def _recordings(
    document: Document, file: workload_schema.WorkloadFile | None
) -> tuple[dict[int, Lines], list[Problem]]:
    """What the recordings that runs name hold, by number of the run, whatever else is wrong.

    How many tokens a pass may emit is known only once the workload is (`file`).
    """
    found: dict[int, Lines] = {}
    problems: list[Problem] = []
    runs = document.value.get("runs")
    for index, run in enumerate(runs if isinstance(runs, list) else []):
        acceptance = run.get("acceptance") if isinstance(run, dict) else None
        name = acceptance.get("recording") if isinstance(acceptance, dict) else None
        if not isinstance(name, str) or not name:
            continue
        most = None if file is None else file.runs[index].drafts + 1
        try:
            found[index] = read_recording(str(Path(document.file).parent / name), most)
        except InputError as error:
            problems += error.problems
    return found, problems


def _workload(
    file: workload_schema.WorkloadFile,
    shapes: workload_schema.Shapes,
    recordings: dict[int, Lines],
) -> Workload:
    assert shapes.model is not None
    precision = _precision(file.precision)
    return Workload(
        name=file.name,
        model=shapes.model,
        precision=precision,
        prompt_tokens=file.prompt_tokens,
        output_tokens=file.output_tokens,
        batch=file.batch,
        seed=file.seed,
        baseline=file.baseline,
        runs=tuple(
            _run(run, precision, shapes.drafters.get(index), recordings.get(index))
            for index, run in enumerate(file.runs)
        ),
        prefill_chunk_tokens=file.prefill_chunk_tokens,
    )


def _precision(section: workload_schema.PrecisionSection) -> Precision:
    return Precision(
        weights=_format(section.weights, "weights"),
        activations=_format(section.activations, "activations"),
        kv_cache=_format(section.kv_cache, "kv_cache"),
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


def _run(
    run: workload_schema.Run,
    precision: Precision,
    drafter: ModelShape | None,
    recorded: Lines | None,
) -> RunSpec:
    if isinstance(run, workload_schema.AutoregressiveRun):
        return RunSpec(run.name, Autoregressive())
    acceptance = _acceptance(run.acceptance, run.drafts, recorded)
    return RunSpec(run.name, _scheme(run, precision, drafter), acceptance)


def _scheme(
    run: workload_schema.SpeculativeRun, precision: Precision, drafter: ModelShape | None
) -> Scheme:
    match run:
        case workload_schema.MultiTokenRun():
            return MultiToken(run.trained_heads, run.active_heads, run.layout, run.drafting)
        case workload_schema.MedusaRun():
            return Medusa(tuple(run.tree or (1,) * run.heads))
        case workload_schema.DraftModelRun():
            own = precision if run.precision is None else _precision(run.precision)
            assert drafter is not None
            return DraftModel(drafter, own, run.drafts)
        case workload_schema.SequentialMtpRun():
            return SequentialMtp(run.modules)
        case workload_schema.PromptLookupRun():
            return PromptLookup(run.drafts)


def _acceptance(
    choice: str | AcceptanceSection | None, drafts: int, recorded: Lines | None
) -> Acceptance | Recording | None:
    """What a run's `acceptance` says about `drafts` drafts; `recorded` is its file, if any."""
    if isinstance(choice, AcceptanceRates):
        return Acceptance(choice.source, tuple(choice.rates))
    if isinstance(choice, AcceptanceHistogram):
        return from_histogram(choice.source, choice.histogram, drafts)
    if isinstance(choice, SingleRate):
        return Acceptance(choice.source, (choice.single_rate,) * drafts)
    if isinstance(choice, AcceptanceRecording):
        assert recorded is not None
        return Recording(choice.source, recorded, choice.at_end)
    return None if choice is None else ACCEPTANCES[choice]
