"""``accsim trace``: the operators of a workload as a file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("trace", short_help="Write the operators of a workload to a file.")
@click.argument("workload")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    required=True,
    help="Where to write it: a name in .jsonl, or .jsonl.gz to pack it.",
)
def trace_command(workload: str, out: Path) -> None:
    """Write every operator and pass of WORKLOAD to a trace file, for accsim run."""
    from accsim.cli.writing import writing
    from accsim.config.resolve import load_workload
    from accsim.loading import TRACE_SUFFIXES
    from accsim.tracing.decoding import trace_workload
    from accsim.tracing.file import write_trace

    if not out.name.endswith(TRACE_SUFFIXES):
        # accsim run tells a trace from a workload by its name.
        raise click.BadParameter(
            f"a trace is named in {' or '.join(TRACE_SUFFIXES)}, got {out.name!r}.",
            param_hint="--out",
        )
    trace = trace_workload(load_workload(workload))
    with writing(out):
        write_trace(trace, out)
    click.echo(f"wrote {out}", err=True)
