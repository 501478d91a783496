"""The ``accsim`` command: the commands it has, and which exit code each kind of failure gets."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from accsim.cli.addresses import addresses_command
from accsim.cli.breakeven import breakeven_command
from accsim.cli.check import check_command
from accsim.cli.compare import compare_command
from accsim.cli.diff import diff_command
from accsim.cli.doctor import doctor_command
from accsim.cli.dram import dram_command
from accsim.cli.exit_codes import INTERRUPTED, TERMINATED
from accsim.cli.explain import explain_command
from accsim.cli.glossary import glossary_command
from accsim.cli.plot import plot_command
from accsim.cli.report import report_command
from accsim.cli.run import run_command
from accsim.cli.schema import schema_command
from accsim.cli.show import show_command
from accsim.cli.stopping import Terminated
from accsim.cli.sweep import sweep_command
from accsim.cli.target import target_command
from accsim.cli.trace import trace_command
from accsim.cli.view import view_command
from accsim.cli.whatif import whatif_command
from accsim.errors import AccsimError, InputError


def _print_versions(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from accsim import __version__
    from accsim.cli.provenance import versions

    libraries = ", ".join(f"{name} {version}" for name, version in versions().items())
    click.echo(f"accsim {__version__} ({libraries})")
    context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the versions of accsim and of what it computes with.",
)
def cli() -> None:
    """How fast a memory-bound accelerator decodes a language model, and what holds it back."""


cli.add_command(run_command)
cli.add_command(report_command)
cli.add_command(explain_command)
cli.add_command(breakeven_command)
cli.add_command(compare_command)
cli.add_command(whatif_command)
cli.add_command(target_command)
cli.add_command(sweep_command)
cli.add_command(diff_command)
cli.add_command(check_command)
cli.add_command(glossary_command)
cli.add_command(view_command)
cli.add_command(plot_command)
cli.add_command(trace_command)
cli.add_command(schema_command)
cli.add_command(show_command)
cli.add_command(dram_command)
cli.add_command(doctor_command)
cli.add_command(addresses_command)


def main() -> None:
    """Run the command line and exit.

    The exit code is one of `accsim.cli.exit_codes.EXIT_CODES`.
    """
    signal.signal(signal.SIGTERM, _terminate)
    code = _exit_code()
    # Everything is done: what comes now shall not change the answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: a second one must not stop the cleaning up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def _exit_code() -> int:
    try:
        code: int | None = cli.main(prog_name="accsim", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except Terminated:
        click.echo("terminated", err=True)
        return TERMINATED
    except AccsimError as error:
        # Problems of input begin with their place, as compilers print them: editors jump there.
        prefix = "" if isinstance(error, InputError) else "error: "
        click.echo(f"{prefix}{error}", err=True)
        return error.exit_code
    except OSError as error:
        _forget_stdout()
        if isinstance(error, BrokenPipeError):
            # The reader has seen enough (``| head``): nothing to report.
            return 1
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"error: {where}{error.strerror or error}", err=True)
        return InputError.exit_code
    return code or 0


def _forget_stdout() -> None:
    """Point stdout at nothing, so that what is left in its buffer raises no second error."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
