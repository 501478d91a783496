"""What kind of file somebody brings, and whether it is sound."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from accsim.errors import AccsimError, InputError, Problem

if TYPE_CHECKING:
    from accsim.chip import Chip
    from accsim.config.yaml_source import Document

Verdict = Literal["ok", "broken", "unreadable"]

FIRST_LINE_BYTES = 1 << 16
"""Of a file, to tell a trace by; its header takes less than a kilobyte."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem of a file, and the law that it breaks; None where it is about the form."""

    problem: Problem
    law: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, what it turned out to be, and what is wrong with it.

    verdict  `broken` if it can be read and a law does not hold
    kind     None where that cannot be told
    told     of a sound file: what it is, and what follows from it; else ""
    laws     that were checked one by one, as sentences; only a result has them
    """

    file: str
    verdict: Verdict
    kind: str | None
    told: str = ""
    laws: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if all is well, else that of an unsound result or of input to mend."""
        if self.verdict == "ok":
            return 0
        return AccsimError.exit_code if self.verdict == "broken" else InputError.exit_code


def check_file(file: str) -> Checked:
    """Tell the kind of a file from its content, and check all of it."""
    kind: str | None = None
    try:
        kind, check = _kind(file)
        return check()
    except InputError as error:
        from accsim.tracing.file import ContradictionError

        verdict: Verdict = "broken" if isinstance(error, ContradictionError) else "unreadable"
        return Checked(file, verdict, kind, faults=tuple(map(Fault, error.problems)))


def _kind(file: str) -> tuple[str, Callable[[], Checked]]:
    """What a file is, and what checks it.

    Raises:
        InputError: it is none that accsim knows, or cannot be read.
    """
    from accsim.config.kinds import kind_of
    from accsim.config.yaml_source import read_yaml

    first = _first_line(file)
    if _is_trace(first):
        return "trace", lambda: _check_trace(file)
    if first.startswith("{") and _is_json_of_accsim(file):
        return "result", lambda: _check_result(file)
    document = read_yaml(file)
    kind = kind_of(document)
    if kind == "chip":
        return kind, lambda: _check_chip(file)
    if kind == "mapping":
        return kind, lambda: _check_mapping(document)
    if kind == "sweep":
        return kind, lambda: _check_sweep(file)
    if document.value.get("kind") == "train_step":
        return "training step", lambda: _check_training(file)
    return kind, lambda: _check_workload(file)


def _first_line(file: str) -> str:
    """The first line, unpacked; "" where there is none, which whoever reads the file tells."""
    try:
        with open(file, "rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(file) if packed else open(file, "rb") as stream:
            return stream.readline(FIRST_LINE_BYTES).decode("utf-8-sig", errors="replace").strip()
    except (OSError, EOFError, ValueError, zlib.error):
        return ""


def _is_trace(first_line: str) -> bool:
    """Whether a file that starts with this line is a trace, or once was the start of one."""
    try:
        record = json.loads(first_line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and ("format" in record or "record" in record)


def _is_json_of_accsim(file: str) -> bool:
    """Whether a JSON file states its schema; a chip may be written in JSON too, and does not.

    Raises:
        InputError: it is no sound JSON.
    """
    from accsim.config.json_source import read_json

    return "schema" in read_json(file)


def _check_result(file: str) -> Checked:
    from accsim.analysis.laws import LAWS, faults
    from accsim.config.result_file import load_result

    result = load_result(file)
    laws = tuple(law.sentence for law in LAWS)
    found = tuple(
        Fault(Problem(file, f"{one.message} ({one.law})", key=one.key), one.law)
        for one in faults(result)
    )
    if found:
        return Checked(file, "broken", "result", laws=laws, faults=found)
    told = f"result of {result.chip} x {result.workload}: {len(laws)} laws hold"
    return Checked(file, "ok", "result", told, laws)


def _check_trace(file: str) -> Checked:
    from accsim.tracing.file import read_trace
    from accsim.tracing.growth import add_up
    from accsim.units import show_bytes, show_count

    trace = read_trace(Path(file))
    totals = add_up(trace)
    told = (
        f"trace of {trace.workload}: {_count(totals.ops, 'operator')} in "
        f"{_count(totals.graphs, 'graph')}, {_count(totals.passes, 'pass', 'passes')} in "
        f"{_count(totals.runs, 'run')}; {show_count(totals.macs, 'MACs')}, at "
        f"least {show_bytes(totals.dram_read_bytes + totals.dram_write_bytes)} of DRAM traffic"
    )
    return Checked(file, "ok", "trace", told)


def _check_chip(file: str) -> Checked:
    from accsim.config.resolve import load_chip

    chip = load_chip(file)
    return Checked(file, "ok", "chip", f"chip {chip.name}: {_bounds(chip)}")


def _bounds(chip: Chip) -> str:
    """What no run on a chip can beat."""
    from accsim.analysis.bounds import peak_macs_per_s
    from accsim.units import show_capacity, show_count, show_rate

    pins, macs = float(chip.memory.peak_bytes_per_s), peak_macs_per_s(chip)
    return (
        f"DRAM {show_rate(pins)} of {show_capacity(chip.memory.capacity_bytes)}, "
        f"{show_count(macs, 'MAC/s')}, ridge at {macs / pins:.3g} MACs/B, "
        f"SRAM {show_capacity(chip.sram.capacity_bytes)}, {show_count(chip.clock.hz, 'Hz')}"
    )


def _check_workload(file: str) -> Checked:
    from accsim.config.resolve import load_workload
    from accsim.units import show_count

    workload = load_workload(file)
    told = (
        f"workload {workload.name}: {workload.model.name} of "
        f"{show_count(workload.model.params)} parameters, {workload.prompt_tokens} prompt and "
        f"{workload.output_tokens} output tokens, batch {workload.batch}; "
        f"runs {', '.join(run.name for run in workload.runs)}"
    )
    return Checked(file, "ok", "workload", told)


def _check_training(file: str) -> Checked:
    from accsim.config.training_file import load_training
    from accsim.units import show_count

    step = load_training(file)
    told = (
        f"training step {step.name}: {step.model.name} of {show_count(step.model.params)} "
        f"parameters, {_count(step.batch, 'sequence')} of {step.sequence_tokens} tokens; "
        f"runs {', '.join(run.name for run in step.runs)}"
    )
    return Checked(file, "ok", "training step", told)


def _check_mapping(document: Document) -> Checked:
    from accsim.config.mapping_schema import MappingFile
    from accsim.config.problems import check

    mapping, problems = check(document, MappingFile)
    if mapping is None:
        raise InputError(problems)
    pins = _count(len(mapping.ops), "pin")
    told = f"mapping of {pins}, whose operators are checked by accsim explain --mapping"
    return Checked(document.file, "ok", "mapping", told)


def _check_sweep(file: str) -> Checked:
    from accsim.config.sweep_file import load_study
    from accsim.sweep.space import Space

    study = load_study(file)
    points = _count(Space(study.axes).size, "point")
    axes = _count(len(study.axes), "axis", "axes")
    told = f"sweep {study.name}: {points} of {axes}, sampler {study.sampler.kind}"
    return Checked(file, "ok", "sweep", told)


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or f'{one}s'}"
