"""``accsim schema``: what may stand in a chip, workload or mapping file."""

from __future__ import annotations

from typing import Literal

import click


@click.command("schema", short_help="Print the JSON Schema of a kind of file.")
@click.argument("kind", type=click.Choice(["chip", "workload", "mapping"]))
def schema_command(kind: Literal["chip", "workload", "mapping"]) -> None:
    """Print the JSON Schema of chip, workload or mapping files, for editors and generators."""
    import json

    from accsim.config.schema import json_schema

    click.echo(json.dumps(json_schema(kind), indent=2))
