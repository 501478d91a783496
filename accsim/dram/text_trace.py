"""Memory address traces in the text formats of other DRAM simulators.

One request of a burst each line: ``0xADDRESS READ|WRITE CYCLE`` (DRAMsim3; the cycle may be
missing) or ``LD|ST 0xADDRESS`` (Ramulator 2, load/store front end; ``R|W`` are read as well).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from accsim.dram.kernel import Ints
from accsim.errors import InputError, Problem

MAX_FILE_BYTES = 1 << 28
MAX_PROBLEMS = 20

_IS_WRITE = {"READ": 0, "WRITE": 1, "LD": 0, "ST": 1, "R": 0, "W": 1}


def read_addresses(path: Path, capacity_bytes: int) -> tuple[Ints, Ints]:
    """Read a trace: byte addresses, and 1 for a write or 0 for a read.

    Cycles are checked but not given back: a replay offers requests as fast as the memory takes
    them.

    Raises:
        InputError: with the lines that are wrong, the first `MAX_PROBLEMS` of them.
    """
    addresses: list[int] = []
    writes: list[int] = []
    problems: list[Problem] = []
    for number, line in enumerate(_lines(path), 1):
        words = line.split()
        if not words:
            continue
        try:
            address, write = _request(words)
            if not 0 <= address < capacity_bytes:
                raise ValueError(
                    f"address {address:#x} is beyond the {capacity_bytes:#x} B of DRAM"
                )
        except ValueError as error:
            problems.append(Problem(str(path), str(error), number, 1, source=line))
            if len(problems) == MAX_PROBLEMS:
                break
            continue
        addresses.append(address)
        writes.append(write)
    if not problems and not addresses:
        problems.append(Problem(str(path), "holds no requests"))
    if problems:
        raise InputError(problems)
    return np.array(addresses, dtype=np.int64), np.array(writes, dtype=np.int64)


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(
                Problem(str(path), f"is larger than {MAX_FILE_BYTES >> 20} MiB; take a window")
            )
        return path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        raise InputError(Problem(str(path), "is not a text file of addresses")) from None
    except OSError as error:
        raise InputError(Problem(str(path), (error.strerror or str(error)).lower())) from None


def _request(words: list[str]) -> tuple[int, int]:
    """Address and direction of one line."""
    if words[0].upper() in ("LD", "ST") and len(words) == 2:
        return _address(words[1]), _IS_WRITE[words[0].upper()]
    if len(words) in (2, 3) and words[1].upper() in _IS_WRITE:
        if len(words) == 3 and not words[2].isdecimal():
            raise ValueError(f"expected a cycle, got {words[2]!r}")
        return _address(words[0]), _IS_WRITE[words[1].upper()]
    raise ValueError("expected '0xADDRESS READ|WRITE CYCLE' or 'LD|ST 0xADDRESS'")


def _address(word: str) -> int:
    try:
        return int(word, 16)
    except ValueError:
        raise ValueError(f"expected a hexadecimal address, got {word!r}") from None
