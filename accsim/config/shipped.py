"""Finding a chip, workload, sweep or trace by its name alone: ``ddr_npu``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from accsim.config.kinds import WrongKindError
from accsim.config.text import suggest
from accsim.errors import InputError, Problem

Kind = Literal["chips", "workloads", "sweeps", "traces"]

_SUFFIX: dict[Kind, str] = {
    "chips": ".yaml",
    "workloads": ".yaml",
    "sweeps": ".yaml",
    "traces": ".jsonl.gz",
}
_PACKAGE = Path(__file__).parent.parent


def folder(kind: Kind) -> Path:
    """Where the shipped files of a kind lie: inside an installed wheel, or beside the package."""
    installed = _PACKAGE / "shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def names(kind: Kind) -> list[str]:
    """The names of all shipped files of a kind, sorted."""
    suffix = _SUFFIX[kind]
    return sorted(path.name.removesuffix(suffix) for path in folder(kind).glob(f"*{suffix}"))


def find(kind: Kind, text: str, start: Path = Path()) -> Path:
    """The file that `text` means: a path from the folder `start`, or the name of a shipped file.

    A text is a name if it has neither a folder nor a suffix and no such file exists; a path is
    given back as it is, whether there is such a file or not.

    Raises:
        WrongKindError: the name is that of a shipped file of another kind.
        InputError: the name is not one of the shipped ones.
    """
    path = Path(text)
    if path.suffix or len(path.parts) != 1 or path.name != text or (start / path).is_file():
        return start / path
    known = names(kind)
    if text not in known:
        _refuse_other_kind(kind, text)
        message = f"no such file, and no shipped {kind[:-1]} of that name{suggest(text, known)}"
        raise InputError(Problem(text, message))
    return folder(kind) / f"{text}{_SUFFIX[kind]}"


def _refuse_other_kind(kind: Kind, text: str) -> None:
    for other, suffix in _SUFFIX.items():
        if text in names(other):
            message = f"this is a shipped {other[:-1]}, not a {kind[:-1]}"
            if other == "traces":
                message += f"; its file is named {text}{suffix}"
            raise WrongKindError(Problem(text, message))
