"""``accsim schema``: what may stand in a chip or workload file."""

from __future__ import annotations

from typing import Literal

import click


@click.command("schema", short_help="Print the JSON Schema of chip or workload files.")
@click.argument("kind", type=click.Choice(["chip", "workload"]))
def schema_command(kind: Literal["chip", "workload"]) -> None:
    """Print the JSON Schema of chip or workload files, for editors and generators."""
    import json

    from accsim.config.schema import json_schema

    click.echo(json.dumps(json_schema(kind), indent=2))
