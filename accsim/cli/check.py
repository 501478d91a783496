"""``accsim check``: files that somebody brings, held against what must be true of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accsim.cli.options import json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accsim.cli.soundness import Checked


@click.command("check", short_help="Check saved results, traces and the files that you write.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@json_option
@click.pass_context
def check_command(context: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Hold each FILE against the laws of its kind, which its content tells.

    A result of accsim run --json must add up; a trace must agree with itself; chips, workloads,
    mappings and sweeps must be valid. One line tells what a sound file is; of others all faults are
    told.

    The exit code is 0 if all are sound, 1 if one breaks a law, 2 if one cannot be read.
    """
    from accsim.cli.soundness import check_file

    checked = [check_file(file) for file in files]
    if as_json:
        _print_json(checked)
    else:
        for one in checked:
            if one.verdict == "ok":
                click.echo(f"{one.file}: ok: {one.told}")
            for fault in one.faults:
                click.echo(fault.problem, err=True)
    context.exit(max(one.exit_code for one in checked))


def _print_json(checked: Sequence[Checked]) -> None:
    import json

    document = {
        "schema": "accsim.check/1",
        "files": [
            {
                "file": one.file,
                "verdict": one.verdict,
                "kind": one.kind,
                "told": one.told,
                "laws": one.laws,
                "faults": [
                    {
                        "file": fault.problem.file,
                        "line": fault.problem.line,
                        "column": fault.problem.column,
                        "key": fault.problem.key,
                        "message": fault.problem.message,
                        "law": fault.law,
                    }
                    for fault in one.faults
                ],
            }
            for one in checked
        ],
    }
    click.echo(json.dumps(document, indent=2, allow_nan=False))
