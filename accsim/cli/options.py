"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

import os
from pathlib import Path

import click


class HtmlFile(click.Path):
    """A page to write: named as one, for charts are drawn by the browser and in no other form."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        if not os.fspath(value).lower().endswith((".html", ".htm")):
            message = f"{os.fspath(value)!r} does not end in .html: only a page can be written."
            self.fail(message, param, ctx)
        return super().convert(value, param, ctx)


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, nothing else."
)
quiet_option = click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
mapping_option = click.option(
    "--mapping", metavar="FILE", help="Pin how operators are cut, where FILE says so."
)
pass_option = click.option(
    "--pass",
    "chosen",
    metavar="RUN:N",
    help="Which pass; 0 is the first of the prefill.  "
    "[default: the first decode pass of the last run]",
)
workers_option = click.option(
    "--workers",
    "count",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Processes that simulate side by side; the result is the same.  [default: all cores]",
)
