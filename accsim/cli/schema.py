"""``accsim schema``: what may stand in a chip, workload, mapping or sweep file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from accsim.config.kinds import FileKind


@click.command("schema", short_help="Print the JSON Schema of a kind of file.")
@click.argument("kind", type=click.Choice(["chip", "workload", "mapping", "sweep"]))
@click.option("--markdown", is_flag=True, help="Print it as a page of the docs instead.")
def schema_command(kind: FileKind, markdown: bool) -> None:
    """Print the JSON Schema of a kind of file, for editors and generators."""
    if markdown:
        from accsim.config.schema_page import schema_markdown

        click.echo(schema_markdown(kind), nl=False)
        return
    import json

    from accsim.config.schema import json_schema

    click.echo(json.dumps(json_schema(kind), indent=2))
