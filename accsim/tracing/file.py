"""Operator traces as files: JSON Lines, ``accsim.trace/1``.

The first line is a header with the number formats and the totals of the file; then follow each
graph with its operators, and each run with its passes. Everything that can be derived (work,
dependencies, totals) is stated nevertheless: people and other programs read it, and a file that was
cut short or edited in one place only is recognised.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import accsim
from accsim.errors import InputError, InvariantError
from accsim.files import whole_file
from accsim.ops import NumberFormat, Op, OpTrace, Pass
from accsim.tracing.check import trace_faults
from accsim.tracing.explain import note_invalid, suggest
from accsim.tracing.growth import add_up
from accsim.tracing.lines import ProblemList, parse_line, text_lines
from accsim.tracing.records import (
    FORMAT,
    RECORDS,
    FormatTable,
    GraphRecord,
    HeaderRecord,
    OpRecord,
    PassRecord,
    Record,
    RunRecord,
    TotalsRecord,
    stated_work,
)


class ContradictionError(InputError):
    """A trace that can be read, line by line, and contradicts itself as a whole."""


def write_trace(trace: OpTrace, path: Path) -> None:
    """Write a trace; compressed where the name ends in ``.gz``. Equal traces give equal bytes.

    Raises:
        OSError: the folder cannot be written.
        InvariantError: a number of the trace is larger than the format allows.
    """
    try:
        lines = [record.model_dump_json(exclude_defaults=True) for record in _records(trace)]
    except ValidationError as error:
        raise InvariantError(
            f"the trace of {trace.workload!r} cannot be written: {error}"
        ) from error
    content = "".join(f"{line}\n" for line in lines).encode()
    if path.name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def read_trace(path: Path) -> OpTrace:
    """Read a trace and check all of it.

    Raises:
        InputError: with every problem found, up to 20, in the order of the file.
        ContradictionError: the same, where each line by itself is in order.
    """
    draft = _Draft(path)
    for number, text in text_lines(path):
        draft.take(number, text)
    return draft.finish()


def _records(trace: OpTrace) -> Iterator[Record]:
    graphs = trace.graphs.values()
    formats = FormatTable(
        tensor for graph in graphs for op in graph.ops for tensor in (*op.reads, *op.writes)
    )
    yield HeaderRecord(
        format=FORMAT,
        accsim_version=accsim.__version__,
        workload=trace.workload,
        seed=trace.seed,
        baseline=trace.baseline,
        number_formats=formats.records(),
        totals=TotalsRecord(**asdict(add_up(trace))),
    )
    for graph in graphs:
        yield GraphRecord.of(graph)
        for index in range(len(graph.ops)):
            yield OpRecord.of(graph, index, formats)
    for run in trace.runs:
        yield RunRecord.of(run)
        for step in run.prefill:
            yield PassRecord.of(run, "prefill", step)
        for step in run.decode:
            yield PassRecord.of(run, "decode", step)


@dataclass
class _GraphDraft:
    """A graph as far as it has been read; `lines` and `after` have one entry per operator."""

    record: GraphRecord
    line: int
    ops: list[Op] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    after: list[list[str]] = field(default_factory=list)


@dataclass
class _RunDraft:
    """A run as far as it has been read; `lines` has one entry per pass."""

    record: RunRecord
    line: int
    prefill: list[Pass] = field(default_factory=list)
    decode: list[Pass] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


class _Draft:
    """A trace under construction: takes lines one by one, then checks what needs the whole."""

    def __init__(self, path: Path) -> None:
        self._problems = ProblemList(path)
        self._header: HeaderRecord | None = None
        self._formats: dict[str, NumberFormat] = {}
        self._graphs: dict[str, _GraphDraft] = {}
        self._runs: dict[str, _RunDraft] = {}

    def take(self, number: int, text: str) -> None:
        """Add the record of a line, or note what is wrong with it."""
        content = parse_line(text, number, self._problems)
        if number == 1:
            self._take_header(content)
        elif content is not None:
            record = self._record(number, content)
            if isinstance(record, GraphRecord):
                self._take_graph(number, record)
            elif isinstance(record, OpRecord):
                self._take_op(number, record)
            elif isinstance(record, RunRecord):
                self._take_run(number, record)
            elif isinstance(record, PassRecord):
                self._take_pass(number, record)

    def finish(self) -> OpTrace:
        """Check the whole and give it."""
        problems = self._problems
        if self._header is None:
            problems.add("the file is empty")
        for run in self._runs.values():
            if not run.lines:
                problems.add(f"run {run.record.name!r} has no passes", run.line)
        problems.refuse_any()
        assert self._header is not None
        header = self._header
        trace = OpTrace(
            header.workload,
            header.seed,
            header.baseline,
            {name: draft.record.value(draft.ops) for name, draft in self._graphs.items()},
            tuple(draft.record.value(draft.prefill, draft.decode) for draft in self._runs.values()),
        )
        self._compare_counts(header.totals)
        try:
            self._check_dependencies(trace)
            self._check_whole(trace)
            self._compare_totals(header.totals, asdict(add_up(trace)))
        except InputError as error:
            raise ContradictionError(error.problems) from None
        return trace

    def _take_header(self, content: dict[str, Any] | None) -> None:
        tag = None if content is None else content.get("format")
        if isinstance(tag, str) and tag.startswith("accsim.trace/") and tag != FORMAT:
            self._problems.add(
                f"this is {tag!r}; accsim {accsim.__version__} reads {FORMAT!r}", 1, "format"
            )
        elif content is not None and tag != FORMAT:
            self._problems.add(f'not an accsim trace: the first line lacks "format": "{FORMAT}"', 1)
        if content is not None and tag == FORMAT:
            try:
                self._header = HeaderRecord.model_validate(content)
            except ValidationError as error:
                note_invalid(error, 1, self._problems)
        # Without a header nothing that follows makes sense.
        self._problems.refuse_any()
        assert self._header is not None
        self._formats = {key: form.value() for key, form in self._header.number_formats.items()}

    def _record(self, number: int, content: dict[str, Any]) -> Record | None:
        kind = content.get("record")
        if not isinstance(kind, str):
            self._problems.add('the key "record" is missing or is no text', number, "record")
            return None
        if kind not in RECORDS:
            known = ", ".join(RECORDS)
            message = f"unknown record {kind!r}{suggest(kind, RECORDS)} (there are: {known})"
            self._problems.add(message, number, "record")
            return None
        try:
            return RECORDS[kind].model_validate(content)
        except ValidationError as error:
            note_invalid(error, number, self._problems)
            return None

    def _take_graph(self, number: int, record: GraphRecord) -> None:
        if record.name in self._graphs:
            self._problems.add(f"a second graph named {record.name!r}", number, "name")
            return
        self._graphs[record.name] = _GraphDraft(record, number)

    def _take_op(self, number: int, record: OpRecord) -> None:
        graph = self._graphs.get(record.graph)
        if graph is None:
            self._add_unknown("graph", record.graph, self._graphs, number)
            return
        for tensor in (*record.reads, *record.writes):
            if tensor.format not in self._formats:
                self._add_unknown("number format", tensor.format, self._formats, number)
                return
        op = record.value(self._formats)
        for key, found in stated_work(op).items():
            if getattr(record, key) != found:
                message = f"states {getattr(record, key)}, but the shapes give {found}"
                self._problems.add(message, number, key)
        graph.ops.append(op)
        graph.lines.append(number)
        graph.after.append(record.after)

    def _take_run(self, number: int, record: RunRecord) -> None:
        if record.name in self._runs:
            self._problems.add(f"a second run named {record.name!r}", number, "name")
            return
        self._runs[record.name] = _RunDraft(record, number)

    def _take_pass(self, number: int, record: PassRecord) -> None:
        run = self._runs.get(record.run)
        if run is None:
            self._add_unknown("run", record.run, self._runs, number)
            return
        is_prefill = record.phase == "prefill"
        if run.decode if is_prefill else not run.lines:
            message = "a run starts with its prefill, all passes after that are decode passes"
            self._problems.add(message, number, "phase")
        (run.prefill if is_prefill else run.decode).append(record.value())
        run.lines.append(number)

    def _add_unknown(self, what: str, name: str, known: Iterable[str], number: int) -> None:
        self._problems.add(f"no {what} {name!r} before this line{suggest(name, known)}", number)

    def _compare_counts(self, stated: TotalsRecord) -> None:
        """Missing records have so many consequences that they are reported alone."""
        found = {
            "graphs": len(self._graphs),
            "ops": sum(len(draft.ops) for draft in self._graphs.values()),
            "runs": len(self._runs),
            "passes": sum(len(draft.lines) for draft in self._runs.values()),
        }
        self._compare_totals(stated, found)

    def _compare_totals(self, stated: TotalsRecord, found: dict[str, int]) -> None:
        for key, count in found.items():
            if getattr(stated, key) != count:
                self._problems.add(
                    f"the header states {getattr(stated, key)}, the file holds {count}: "
                    "it is cut short or was edited",
                    1,
                    f"totals.{key}",
                )
        self._problems.refuse_any()

    def _check_dependencies(self, trace: OpTrace) -> None:
        for graph in trace.graphs.values():
            draft = self._graphs[graph.name]
            for line, stated, producers in zip(
                draft.lines, draft.after, graph.producers, strict=True
            ):
                found = [graph.ops[index].name for index in producers]
                if stated != found:
                    message = f"states {stated}, but the tensors read come from {found}"
                    self._problems.add(message, line, "after")

    def _check_whole(self, trace: OpTrace) -> None:
        for fault in trace_faults(trace):
            draft: _GraphDraft | _RunDraft | None = None
            if fault.graph is not None:
                draft = self._graphs[fault.graph]
            elif fault.run is not None:
                draft = self._runs[fault.run]
            if draft is None:
                self._problems.add(fault.message, 1)
            else:
                line = draft.line if fault.index is None else draft.lines[fault.index]
                self._problems.add(fault.message, line)
        self._problems.refuse_any()
