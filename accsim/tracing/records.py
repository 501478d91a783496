"""The records of a trace file, one pydantic model each, and their translation to and from values.

``docs/trace-format.md`` describes them for people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import count
from typing import Annotated, Final, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from accsim.acceptance import Acceptance, AtEnd, Recording
from accsim.ops import (
    Attention,
    Dim,
    NumberFormat,
    Op,
    Pass,
    PassGraph,
    PassKind,
    PassPlace,
    Role,
    Tensor,
    TracedRun,
)
from accsim.tracing.growth import Growth

FORMAT: Final = "accsim.trace/1"
LIMIT = 2**53
"""No size or count may be larger: JSON readers elsewhere keep numbers as doubles."""
TOTAL_LIMIT = 2**63 - 1


def _dim(value: object) -> Dim:
    if value == "context" or value == "keys" or (type(value) is int and 1 <= value <= LIMIT):
        return value
    raise PydanticCustomError("dim", 'expected a size of 1 to 2**53, "context" or "keys"')


def _quantity(value: object) -> int | str:
    if type(value) is int or (isinstance(value, str) and value.isprintable()):
        return value
    raise PydanticCustomError("quantity", 'expected an integer or a formula like "8+4*context"')


def _printable(value: str) -> str:
    # Names reach terminals and reports: no control characters.
    if value.isprintable():
        return value
    raise PydanticCustomError("printable", "expected printable characters only")


Size = Annotated[int, Field(ge=1, le=LIMIT)]
Count = Annotated[int, Field(ge=0, le=LIMIT)]
TotalCount = Annotated[int, Field(ge=0, le=TOTAL_LIMIT)]
Bits = Annotated[int, Field(ge=0, le=64)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_printable)]
DimField = Annotated[Dim, PlainValidator(_dim)]
Quantity = Annotated[int | str, PlainValidator(_quantity)]


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class FormatRecord(_Record):
    """A number format, as in the header's table."""

    name: Name
    bits: Annotated[int, Field(ge=1, le=64)]
    group: Count
    per_channel: bool
    scale_bits: Bits
    zero_bits: Bits

    def value(self) -> NumberFormat:
        return NumberFormat(**self.model_dump())


class TotalsRecord(_Record):
    """What the whole file holds."""

    graphs: Count
    ops: Count
    runs: Count
    passes: Count
    macs: TotalCount
    dram_read_bytes: TotalCount
    dram_write_bytes: TotalCount


class HeaderRecord(_Record):
    """The first line."""

    format: Literal["accsim.trace/1"]
    accsim_version: Name
    workload: Name
    seed: Annotated[int, Field(ge=-TOTAL_LIMIT, le=TOTAL_LIMIT)]
    baseline: Name
    number_formats: dict[Name, FormatRecord]
    totals: TotalsRecord


class GraphRecord(_Record):
    """A graph; its operators follow."""

    record: Literal["graph"]
    name: Name
    sequences: Size
    rows: Size
    role: Role = "target"

    @classmethod
    def of(cls, graph: PassGraph) -> GraphRecord:
        return cls(
            record="graph",
            name=graph.name,
            sequences=graph.sequences,
            rows=graph.rows,
            role=graph.role,
        )

    def value(self, ops: Iterable[Op]) -> PassGraph:
        return PassGraph(self.name, self.sequences, self.rows, tuple(ops), self.role)


class AttentionRecord(_Record):
    """The shape of an attention operator."""

    sequences: Size
    rows: Size
    query_heads: Size
    kv_heads: Size
    head_dim: Size
    visible: list[Size] = []

    @classmethod
    def of(cls, shape: Attention) -> AttentionRecord:
        return cls(**{**asdict(shape), "visible": list(shape.visible)})

    def value(self) -> Attention:
        return Attention(**{**self.model_dump(), "visible": tuple(self.visible)})


class TensorRecord(_Record):
    """A tensor, inside an operator; `format` is a key of the header's table."""

    name: Name
    shape: Annotated[list[DimField], Field(min_length=1)]
    format: str
    place: PassPlace

    @model_validator(mode="after")
    def _symbols_have_their_place(self) -> TensorRecord:
        """Work is counted from shapes: a symbol may stand only where it can be counted."""
        allowed: dict[PassPlace, tuple[str, int]] = {
            "kv_cache": ("context", 0),
            "chip": ("keys", len(self.shape) - 1),
        }
        symbol, axis = allowed.get(self.place, ("", 0))
        for index, dim in enumerate(self.shape):
            if isinstance(dim, str) and (dim, index) != (symbol, axis):
                raise PydanticCustomError(
                    "symbol",
                    '"context" is the first axis of a KV cache, "keys" the last of a chip tensor',
                )
        if self.place == "kv_cache" and len(self.shape) < 2:
            raise PydanticCustomError("symbol", "a KV cache has more than one axis")
        return self

    @classmethod
    def of(cls, tensor: Tensor, formats: FormatTable) -> TensorRecord:
        return cls(
            name=tensor.name,
            shape=list(tensor.shape),
            format=formats.key(tensor.format),
            place=cast(PassPlace, tensor.place),
        )


class OpRecord(_Record):
    """An operator of a graph."""

    record: Literal["op"]
    graph: Name
    name: Name
    kind: PassKind
    group: Name
    layer: Count | None
    rows: Size
    inner: Count
    outer: Count
    attention: AttentionRecord | None
    reads: list[TensorRecord]
    writes: list[TensorRecord]
    macs: Quantity
    dram_read_bytes: Quantity
    dram_write_bytes: Quantity
    after: list[str]

    @classmethod
    def of(cls, graph: PassGraph, index: int, formats: FormatTable) -> OpRecord:
        op = graph.ops[index]
        return cls(
            record="op",
            graph=graph.name,
            name=op.name,
            kind=cast(PassKind, op.kind),
            group=op.group,
            layer=op.layer,
            rows=op.rows,
            inner=op.inner,
            outer=op.outer,
            attention=None if op.attention is None else AttentionRecord.of(op.attention),
            reads=[TensorRecord.of(tensor, formats) for tensor in op.reads],
            writes=[TensorRecord.of(tensor, formats) for tensor in op.writes],
            **stated_work(op),
            after=[graph.ops[producer].name for producer in graph.producers[index]],
        )

    def value(self, formats: dict[str, NumberFormat]) -> Op:
        """The operator.

        Raises:
            KeyError: with the name of a number format that is not in `formats`.
        """

        def tensors(records: list[TensorRecord]) -> tuple[Tensor, ...]:
            return tuple(
                Tensor(r.name, tuple(r.shape), formats[r.format], r.place) for r in records
            )

        return Op(
            name=self.name,
            kind=self.kind,
            group=self.group,
            layer=self.layer,
            reads=tensors(self.reads),
            writes=tensors(self.writes),
            rows=self.rows,
            inner=self.inner,
            outer=self.outer,
            attention=None if self.attention is None else self.attention.value(),
        )


def stated_work(op: Op) -> dict[str, int | str]:
    """The work of an operator as its record states it."""
    return {
        "macs": Growth.of(op.macs).text(),
        "dram_read_bytes": Growth.of(op.dram_read_bytes).text(),
        "dram_write_bytes": op.dram_write_bytes(),
    }


class AcceptanceRecord(_Record):
    """Acceptance rates by position, inside a run."""

    name: Name
    rates: list[Annotated[float, Field(ge=0, le=1)]]

    def value(self) -> Acceptance:
        return Acceptance(self.name, tuple(self.rates))


class RecordingRecord(_Record):
    """Recorded tokens per pass, inside a run."""

    name: Name
    lines: Annotated[list[Annotated[list[Size], Field(min_length=1)]], Field(min_length=1)]
    at_end: AtEnd

    def value(self) -> Recording:
        return Recording(self.name, tuple(map(tuple, self.lines)), self.at_end)


class RunRecord(_Record):
    """A run; its passes follow. What has a default is missing in older files."""

    record: Literal["run"]
    name: Name
    scheme: Name
    max_tokens_per_pass: Size
    prompt_tokens: Size
    output_tokens: Size
    batch: Size
    expected_tokens_per_pass: Annotated[float, Field(ge=1)] | None
    resident_bytes: Count
    acceptance: AcceptanceRecord | None = None
    recording: RecordingRecord | None = None
    asked_tokens: Size | None = None

    @model_validator(mode="after")
    def _one_kind_of_acceptance(self) -> RunRecord:
        if self.acceptance is not None and self.recording is not None:
            raise PydanticCustomError("kind", '"acceptance" or "recording", not both')
        return self

    @classmethod
    def of(cls, run: TracedRun) -> RunRecord:
        told, acceptance, recording = run.acceptance, None, None
        if isinstance(told, Acceptance):
            acceptance = AcceptanceRecord(name=told.name, rates=list(told.rates))
        elif told is not None:
            recording = RecordingRecord(
                name=told.name, lines=list(map(list, told.lines)), at_end=told.at_end
            )
        own = {"record", "acceptance", "recording"}
        same = {name: getattr(run, name) for name in cls.model_fields if name not in own}
        return cls(record="run", **same, acceptance=acceptance, recording=recording)

    def value(self, prefill: Iterable[Pass], decode: Iterable[Pass]) -> TracedRun:
        told = self.acceptance or self.recording
        return TracedRun(
            **self.model_dump(exclude={"record", "acceptance", "recording"}),
            prefill=tuple(prefill),
            decode=tuple(decode),
            acceptance=None if told is None else told.value(),
        )


Phase = Literal["prefill", "decode"]


class PassRecord(_Record):
    """One pass of a run."""

    record: Literal["pass"]
    run: Name
    phase: Phase
    graph: Name
    contexts: list[Count]
    emitted: list[Count]

    @classmethod
    def of(cls, run: TracedRun, phase: Phase, step: Pass) -> PassRecord:
        return cls(
            record="pass",
            run=run.name,
            phase=phase,
            graph=step.graph,
            contexts=list(step.contexts),
            emitted=list(step.emitted),
        )

    def value(self) -> Pass:
        return Pass(self.graph, tuple(self.contexts), tuple(self.emitted))


Record = HeaderRecord | GraphRecord | OpRecord | RunRecord | PassRecord
RECORDS: dict[str, type[GraphRecord | OpRecord | RunRecord | PassRecord]] = {
    "graph": GraphRecord,
    "op": OpRecord,
    "run": RunRecord,
    "pass": PassRecord,
}


class FormatTable:
    """The number formats of a trace by name; a second one of the same name gets a number."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self._keys: dict[NumberFormat, str] = {}
        for tensor in tensors:
            if tensor.format not in self._keys:
                self._keys[tensor.format] = self._free_key(tensor.format.name)

    def key(self, form: NumberFormat) -> str:
        return self._keys[form]

    def records(self) -> dict[str, FormatRecord]:
        return {key: FormatRecord(**asdict(form)) for form, key in self._keys.items()}

    def _free_key(self, name: str) -> str:
        taken = self._keys.values()
        keys = (name if number == 1 else f"{name}#{number}" for number in count(1))
        return next(key for key in keys if key not in taken)
