"""All commands and their options as a page of the docs: ``python -m accsim.cli.reference``."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import click

from accsim.cli.exit_codes import EXIT_CODES
from accsim.cli.main import cli

INTRODUCTION = """\
# Commands

Written by `python -m accsim.cli.reference`; do not edit. `accsim COMMAND --help` tells the same.

CHIP is a chip file, WORKLOAD a workload file; both may be the name of a file that comes with
accsim. Where a trace is taken too, a name that ends in `.jsonl` or `.jsonl.gz` is one.

Results go to stdout, all else to stderr. A command that takes longer than a second shows what it
does, how far it is, how fast it goes and how long it will take, if stderr is a terminal; `--quiet`
keeps it silent. Colours are left out where stdout is no terminal, or the environment has
`NO_COLOR`."""


def reference_markdown() -> str:
    """The page: exit codes, then each command by name."""
    parts = [INTRODUCTION, "## Exit codes", "\n".join(_exit_codes())]
    with click.Context(cli, info_name="accsim") as context:
        for name in cli.list_commands(context):
            parts += _command(cli.commands[name], f"accsim {name}", context)
    return "\n\n".join(parts) + "\n"


def _exit_codes() -> Iterator[str]:
    yield "| code | meaning |"
    yield "|---|---|"
    for code, meaning in EXIT_CODES.items():
        yield f"| {code} | {meaning} |"


def _command(command: click.Command, path: str, parent: click.Context) -> Iterator[str]:
    """Title, usage, description and options of a command, and of those below it."""
    with click.Context(command, info_name=path.rpartition(" ")[2], parent=parent) as context:
        yield f"## `{path}`"
        yield f"```text\n{' '.join([path, *command.collect_usage_pieces(context)])}\n```"
        yield cleandoc(command.help or "")
        options = [one for one in command.params if isinstance(one, click.Option)]
        if options:
            yield "\n".join(["| option | meaning |", "|---|---|", *map(_option, options)])
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                yield from _command(command.commands[name], f"{path} {name}", context)


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if not option.is_flag:
        names = f"{names} `{_metavar(option)}`"
    meaning = (option.help or "").replace("  [default: ", " [default: ")
    if option.multiple and "several times" not in meaning:
        meaning += " May be given several times."
    if option.required:
        meaning += " Required."
    elif option.show_default and not option.is_flag:
        meaning = f"{meaning} [default: {option.default}]"
    cells = (names.strip(), meaning.strip())
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _metavar(option: click.Option) -> str:
    """What stands for the value: the choices, or the limits of a number."""
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    if option.metavar is None and isinstance(option.type, click.IntRange):
        low, high = option.type.min, option.type.max
        return f"N >= {low}" if high is None else f"{low} to {high}"
    return option.metavar or option.type.name.upper()


if __name__ == "__main__":
    click.echo(reference_markdown(), nl=False)
