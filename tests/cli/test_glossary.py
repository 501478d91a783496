"""``accsim glossary`` from end to end."""

from __future__ import annotations

from click.testing import CliRunner, Result

from accsim.cli.main import cli
from accsim.report.glossary import GLOSSARY, glossary_markdown

from .conftest import accsim


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["glossary", *arguments], catch_exceptions=False)


def test_a_term_is_told() -> None:
    done = accsim("glossary", "seed")
    assert done.returncode == 0, done.stderr
    told = "seed\n    Of all random draws; equal input and seed give equal results.\n"
    assert done.stdout == told


def test_without_a_term_all_are_told() -> None:
    text = asked().stdout
    for chapter in GLOSSARY:
        assert f"{chapter.title.upper()}\n{chapter.entries[0].names[0]}" in text
    assert max(map(len, text.splitlines())) <= 120


def test_an_unknown_term_gets_a_suggestion() -> None:
    done = asked("tpot_x")
    assert done.exit_code == 2
    assert "nothing is called 'tpot_x', did you mean 'tpot_s'" in done.stderr


def test_the_page_of_the_docs_is_printed_as_it_is() -> None:
    assert asked("--markdown").stdout == glossary_markdown()


def test_the_page_is_of_all_terms() -> None:
    done = asked("seed", "--markdown")
    assert done.exit_code == 2
    assert "--markdown prints all of it, without a TERM." in done.stderr
