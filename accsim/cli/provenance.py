"""Where the result of a command comes from, as far as others may know: no folder, no user."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from accsim.config.origins import chip_values
from accsim.config.workload_origins import workload_values
from accsim.loading import TRACE_SUFFIXES
from accsim.provenance import Provenance

LIBRARIES = ("numpy", "numba", "simpy")
"""What the simulator computes with."""


def versions() -> dict[str, str]:
    """Of Python and of what the simulator computes with."""
    return {"Python": python_version()} | {name: version(name) for name in LIBRARIES}


def provenance(chip: str, workload: str, options: Mapping[str, object]) -> Provenance:
    """Of ``accsim run`` with these inputs.

    Args:
        chip: as given on the command line.
        workload: the same, of a workload or a trace.
        options: those that the result depends on, by name; None and False are left out.

    Raises:
        InputError: a file has changed since it was read, and is now faulty.
    """
    words = ["accsim", "run", Path(chip).name, Path(workload).name]
    for name, value in options.items():
        if value is True:
            words.append(name)
        elif value is not None and value is not False:
            words += [name, Path(str(value)).name]
    traced = workload.endswith(TRACE_SUFFIXES)
    return Provenance(
        command=shlex.join(words),
        versions=versions(),
        chip=chip_values(chip),
        workload=() if traced else workload_values(workload),
    )
