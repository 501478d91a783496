"""Mapping files: what they pin, held against the operators of a trace."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from accsim.config.kinds import refuse_other_kind
from accsim.config.mapping_schema import MappingFile, PinSection
from accsim.config.problems import check
from accsim.config.text import near
from accsim.config.yaml_source import Document, KeyPath, read_yaml
from accsim.errors import InputError, Problem
from accsim.mapping import Pin, Pinning
from accsim.ops import Op, OpKind, OpTrace

PINNED_KINDS: tuple[OpKind, ...] = ("matmul", "scores")
"""Operators that the mapper cuts; softmax and attend follow their scores."""

ONLY_FOR: dict[str, OpKind] = {
    "outer": "matmul",
    "inner": "matmul",
    "held": "matmul",
    "split": "matmul",
    "heads": "scores",
}


def load_pinning(file: str, trace: OpTrace) -> Pinning:
    """Read a mapping file for a trace.

    Raises:
        InputError: every problem of the file: what is no mapping, entries that match no operator
            of the trace (or none that an earlier entry has left), and keys that are not for what
            they match.
    """
    document = read_yaml(file)
    refuse_other_kind(document, "mapping")
    checked, problems = check(document, MappingFile)
    if checked is None:
        raise InputError(problems)
    left = {
        (graph.name, op.name): op
        for graph in trace.graphs.values()
        for op in graph.ops
        if op.kind in PINNED_KINDS
    }
    all_ops = dict(left)
    pins: list[Pin] = []
    for index, entry in enumerate(checked.ops):
        matched = _matched(entry, all_ops)
        problems += _problems(document, index, entry, matched, all_ops, left)
        left = {key: op for key, op in left.items() if key not in matched}
        at = document.problem(("ops", index, "match"), "")
        pins.append(Pin(at=at, **entry.model_dump()))
    if problems:
        raise InputError(sorted(problems, key=lambda one: (one.line or 0, one.column or 0)))
    return Pinning(Path(file).name, tuple(pins))


Named = dict[tuple[str, str], Op]
"""Operators by the name of their graph and their own."""


def _matched(entry: PinSection, ops: Named) -> Named:
    return {
        (graph, name): op
        for (graph, name), op in ops.items()
        if fnmatchcase(graph, entry.graph) and fnmatchcase(name, entry.match)
    }


def _problems(
    document: Document, index: int, entry: PinSection, matched: Named, ops: Named, left: Named
) -> Iterator[Problem]:
    path: KeyPath = ("ops", index)
    graphs = list(dict.fromkeys(graph for graph, _ in ops))
    if not any(fnmatchcase(graph, entry.graph) for graph in graphs):
        message = f"matches no pass graph{near(entry.graph, graphs)}"
        yield document.problem((*path, "graph"), message)
    elif not matched:
        names = dict.fromkeys(name for graph, name in ops if fnmatchcase(graph, entry.graph))
        message = f"matches no matmul and no scores operator{near(entry.match, names)}"
        yield document.problem((*path, "match"), message)
    elif not set(matched) & set(left):
        message = "earlier entries match all that this one does, so it is never used"
        yield document.problem((*path, "match"), message)
    for key in (key for key in ONLY_FOR if key in entry.model_fields_set):
        wrong = next((op for op in matched.values() if op.kind != ONLY_FOR[key]), None)
        if wrong is not None:
            kind = "matmuls" if ONLY_FOR[key] == "matmul" else "scores operators"
            message = f"is only for {kind}, but the entry matches {wrong.name} ({wrong.kind})"
            yield document.problem((*path, key), message, at_key=True)
