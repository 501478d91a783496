"""``accsim doctor``: what accsim finds on this machine."""

from __future__ import annotations

from typing import NamedTuple

import click

from accsim.cli.options import json_option

EXTRAS = {
    "view": ("viztracer",),
    "opt": ("optuna", "scipy"),
    "dask": ("distributed",),
    "mpi": ("mpi4py",),
    "pandas": ("pandas",),
    "parquet": ("pyarrow",),
}
"""The distributions that each extra brings, as pyproject.toml has them."""

CORE = (
    *("click", "networkx", "numba", "numpy", "perfetto"),
    *("plotly", "pydantic", "pyyaml", "rich", "simpy"),
)
"""What accsim cannot do without."""


class Finding(NamedTuple):
    """Something that was looked at; `is_well` is None where it need not be there."""

    what: str
    found: str
    is_well: bool | None = True


@click.command("doctor", short_help="Tell whether all that accsim needs is there.")
@json_option
@click.pass_context
def doctor_command(context: click.Context, as_json: bool) -> None:
    """Tell versions, extras, cores, and whether compiled code is kept.

    The exit code is 1 if something is missing that accsim cannot do without.
    """
    import json

    findings = diagnose()
    if as_json:
        rows = [one._asdict() for one in findings]
        click.echo(json.dumps({"schema": "accsim.doctor/1", "findings": rows}, indent=2))
    else:
        for one in findings:
            mark = {True: "ok", False: "MISSING", None: "-"}[one.is_well]
            click.echo(f"{mark:8}{one.what:16}{one.found}")
    context.exit(1 if any(one.is_well is False for one in findings) else 0)


def diagnose() -> list[Finding]:
    """All that is looked at, the indispensable first."""
    from platform import platform, python_version

    from accsim import __version__
    from accsim.workers import cores

    libraries = [_library(name) for name in CORE]
    return [
        Finding("accsim", __version__),
        Finding("Python", f"{python_version()} on {platform(terse=True)}"),
        *libraries,
        *([_compiled_code()] if all(one.is_well for one in libraries) else []),
        Finding("cores", str(cores())),
        *(_extra(name) for name in EXTRAS),
    ]


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _library(name: str) -> Finding:
    found = _version(name)
    return Finding(name, found or "not installed: pip install accsim", found is not None)


def _extra(extra: str) -> Finding:
    versions = {name: _version(name) for name in EXTRAS[extra]}
    what = f"extra {extra}"
    if None in versions.values():
        return Finding(what, f"not installed: pip install 'accsim[{extra}]'", None)
    return Finding(what, ", ".join(f"{name} {found}" for name, found in versions.items()))


def _compiled_code() -> Finding:
    """Whether numba finds a folder where it can keep what it compiles."""
    from numba.core.caching import NullCache

    from accsim.dram import kernel

    if isinstance(getattr(kernel.serve, "_cache", None), NullCache):
        told = "compiled anew by each process, some seconds: no folder for a cache can be written"
        return Finding("compiled code", f"{told} (set NUMBA_CACHE_DIR)", None)
    return Finding("compiled code", "kept from run to run")
