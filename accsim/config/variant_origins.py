"""Every value of a chip or workload with some fields set otherwise, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from accsim.config.origins import chip_file_values
from accsim.config.resolve import check_chip, check_workload
from accsim.config.variants import key_in, with_settings
from accsim.config.workload_origins import workload_file_values
from accsim.config.yaml_source import Document
from accsim.provenance import ResolvedValue
from accsim.study import Setting

Fields = Sequence[tuple[str, Setting]]
"""Dotted keys of a file, and what they are set to."""


def chip_variant_values(
    document: Document, settings: Fields, origin: str
) -> tuple[ResolvedValue, ...]:
    """All values of a chip file with some fields set otherwise.

    Args:
        document: the file.
        settings: those fields.
        origin: of their values.

    Raises:
        InputError: there is no such chip.
    """
    varied = with_settings(document, settings)
    values = chip_file_values(varied, check_chip(varied))
    return _marked(values, varied, settings, origin)


def workload_variant_values(
    document: Document, settings: Fields, origin: str
) -> tuple[ResolvedValue, ...]:
    """The same of a workload file.

    Raises:
        InputError: there is no such workload.
    """
    varied = with_settings(document, settings)
    values = workload_file_values(varied, *check_workload(varied))
    return _marked(values, varied, settings, origin)


def _marked(
    values: tuple[ResolvedValue, ...], document: Document, settings: Fields, origin: str
) -> tuple[ResolvedValue, ...]:
    """The values, with the origin of those that were set: the line is that of the old value."""
    keys = frozenset(key_in(document, field) for field, _ in settings)
    return tuple(replace(one, origin=origin) if one.key in keys else one for one in values)
