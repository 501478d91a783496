"""``accsim glossary``: what the figures of a report and the keys of a result mean."""

from __future__ import annotations

import click


@click.command("glossary", short_help="Tell what figures, keys and causes mean.")
@click.argument("term", required=False)
@click.option("--markdown", is_flag=True, help="Print all of it as a page of the docs.")
def glossary_command(term: str | None, markdown: bool) -> None:
    """Tell what TERM means: a label of a report, a key of a result, or a cause; or all of them.

    Where no entry is named TERM, those with it in a name are told.
    """
    from accsim.report.glossary import (
        GLOSSARY,
        glossary_markdown,
        glossary_text,
        matching,
    )

    if markdown:
        if term is not None:
            raise click.UsageError("--markdown prints all of it, without a TERM.")
        click.echo(glossary_markdown(), nl=False)
    elif term is not None:
        found = matching(term)
        if not found:
            from accsim.config.text import near

            names = [n for chapter in GLOSSARY for one in chapter.entries for n in one.names]
            raise click.UsageError(f"nothing is called {term!r}{near(term, names) or '.'}")
        click.echo(glossary_text(found))
    else:
        for number, chapter in enumerate(GLOSSARY):
            click.echo(("\n" if number else "") + chapter.title.upper())
            click.echo(glossary_text(chapter.entries))
