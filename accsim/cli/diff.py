"""``accsim diff``: two saved results, and which operators and causes make the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from accsim.cli.options import json_option

if TYPE_CHECKING:
    from accsim.result import Result


@click.command("diff", short_help="Tell why two saved results differ.")
@click.argument("a", metavar="A.json")
@click.argument("b", metavar="B.json")
@click.option(
    "--run",
    "wanted",
    metavar="NAME[=NAME]",
    multiple=True,
    help="Compare this run of A with that of B; may be given several times.  "
    "[default: all runs of the same name]",
)
@json_option
def diff_command(a: str, b: str, wanted: tuple[str, ...], as_json: bool) -> None:
    """Tell what differs between two results of accsim run --json, part by part.

    They may be of different chips, workloads or versions of accsim. Nothing is simulated.
    """
    import json

    from accsim.analysis.difference import difference
    from accsim.cli.inputs import gather

    results = gather(_sound_result, (a, b))
    pairs = chosen_pairs(results[0], results[1], wanted)
    found = difference((a, b), (results[0], results[1]), pairs)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.difference import print_difference

    with stdout_console() as console:
        print_difference(found, console)


def _sound_result(file: str) -> Result:
    """A result whose figures agree with each other: else its parts explain nothing.

    Raises:
        InputError: it cannot be read, or breaks a law; all places are named.
    """
    from accsim.analysis.laws import faults
    from accsim.config.result_file import load_result
    from accsim.errors import InputError, Problem

    result = load_result(file)
    broken = [Problem(file, f"{one.message} ({one.law})", key=one.key) for one in faults(result)]
    if broken:
        raise InputError(broken)
    return result


def chosen_pairs(a: Result, b: Result, wanted: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Which runs of two results to compare.

    Args:
        a: the reference.
        b: the other.
        wanted: ``NAME_IN_A=NAME_IN_B``, or the name of a run that both have; by default all of
            these, in the order of `a`.

    Raises:
        UsageError: a name is unknown, or named twice; no run has the same name in both.
    """
    names_a, names_b = ([run.name for run in one.runs] for one in (a, b))
    if not wanted:
        pairs = [(name, name) for name in names_a if name in names_b]
        if not pairs:
            raise click.UsageError(
                f"no run has the same name in both: A has {', '.join(names_a)}, "
                f"B has {', '.join(names_b)}; pair them with --run NAME=NAME."
            )
        return pairs
    pairs = []
    for text in wanted:
        left, _, right = text.partition("=")
        pairs.append((_known(left, names_a, "A"), _known(right or left, names_b, "B")))
    for side, place in (("A", 0), ("B", 1)):
        name, times = Counter(pair[place] for pair in pairs).most_common(1)[0]
        if times > 1:
            raise click.UsageError(f"--run names {name!r} of {side} twice.")
    return pairs


def _known(name: str, names: Sequence[str], side: str) -> str:
    if name not in names:
        message = f"no run {name!r} in {side}; there are {', '.join(names)}."
        raise click.BadParameter(message, param_hint="--run")
    return name
