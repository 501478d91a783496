"""Telling kinds of files apart, which are easily given in each other's place."""

from __future__ import annotations

from typing import Literal

from accsim.config.chip_schema import ChipFile
from accsim.config.fields import Section
from accsim.config.mapping_schema import MappingFile
from accsim.config.sweep_schema import SweepFile
from accsim.config.text import show
from accsim.config.workload_schema import WorkloadFile
from accsim.config.yaml_source import Document
from accsim.errors import InputError, Problem

FileKind = Literal["chip", "workload", "mapping", "sweep"]

FORMATS: dict[FileKind, type[Section]] = {
    "chip": ChipFile,
    "workload": WorkloadFile,
    "mapping": MappingFile,
    "sweep": SweepFile,
}
"""What may stand in a file of each kind."""


def kind_of(document: Document) -> FileKind:
    """Which format most of the top-level keys of a file belong to.

    Raises:
        InputError: none of them belongs to any.
    """
    keys = set(document.value)
    known = {kind: len(keys & set(format_.model_fields)) for kind, format_ in FORMATS.items()}
    kind = max(known, key=lambda one: known[one])
    if not known[kind]:
        kinds = ", ".join(FORMATS)
        message = f"no key at the top level is of any kind of file that accsim reads ({kinds})"
        raise InputError(Problem(document.file, message))
    return kind


class WrongKindError(InputError):
    """Something was given in the place of something else; its single problem says so."""


def refuse_other_kind(document: Document, expected: FileKind) -> None:
    """Check that a file is not plainly of another kind, by its top-level keys.

    It is if more of them belong to the other format alone than to the expected one alone: a stray
    key is better called unknown.

    Raises:
        WrongKindError: it is.
        InputError: it is an output of accsim, of none of these kinds.
    """
    schema = document.value.get("schema")
    if isinstance(schema, str) and schema.startswith("accsim."):
        message = f"this is an output of accsim ({show(schema)}), not a {expected}"
        raise InputError(Problem(document.file, message))
    own, keys = set(FORMATS[expected].model_fields), set(document.value)
    for other, format_ in FORMATS.items():
        foreign = set(format_.model_fields)
        if len(keys & (foreign - own)) > len(keys & (own - foreign)):
            raise WrongKindError(Problem(document.file, f"this is a {other}, not a {expected}"))
