"""The pages that are generated are current, and name all there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner

import accsim
from accsim.cli.exit_codes import EXIT_CODES, INTERRUPTED, TERMINATED, UNFINISHED
from accsim.cli.main import cli
from accsim.cli.reference import reference_markdown
from accsim.config.kinds import FileKind
from accsim.config.schema import json_schema
from accsim.config.schema_page import schema_markdown
from accsim.errors import AccsimError, InputError

from .pages import ROOT, pages

KINDS = get_args(FileKind)
INLINE = re.compile(r"`accsim ([a-z]+)\b([^`]*)`")


def commands(group: click.Group = cli, path: str = "accsim") -> dict[str, click.Command]:
    """All commands, also those below others, by what to type."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        found[f"{path} {name}"] = command
        if isinstance(command, click.Group):
            found |= commands(command, f"{path} {name}")
    return found


COMMANDS = commands()


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_the_page_of_the_commands_is_current() -> None:
    assert page("cli.md") == reference_markdown(), "write it anew: make schemas"


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_a_file_format_is_current(kind: FileKind) -> None:
    assert page(f"{kind}-file.md") == schema_markdown(kind), "write it anew: make schemas"


def test_a_file_format_is_printed_as_its_page() -> None:
    done = CliRunner().invoke(cli, ["schema", "mapping", "--markdown"], catch_exceptions=False)
    assert done.stdout == page("mapping-file.md")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_listed(name: str) -> None:
    sections = page("cli.md").split("\n## ")
    (section,) = [one for one in sections if one.startswith(f"`{name}`\n")]
    for option in COMMANDS[name].params:
        if isinstance(option, click.Option):
            assert f"\n| {', '.join(f'`{one}`' for one in option.opts)} " in section


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_file_format_is_listed_with_its_meaning(kind: FileKind) -> None:
    text, schema = page(f"{kind}-file.md"), json_schema(kind)
    for section in (schema, *schema["$defs"].values()):
        for key, value in section.get("properties", {}).items():
            assert re.search(
                rf"^\| `{key}` \|.*\| {re.escape(value['description'])} \|$", text, re.M
            )


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_within_a_page_of_keys_leads_to_a_section(kind: FileKind) -> None:
    text = page(f"{kind}-file.md")
    titles = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(#([^)]*)\)", text):
        assert target in anchors


def test_the_limits_and_the_default_of_a_key_are_told() -> None:
    text = page("chip-file.md")
    assert "| `clock_mhz` | whole number, 1 to 10,000 | required | core clock in MHz |" in text
    assert "| `ranks` | whole number, 1 to 64 | `1` | ranks of each channel" in text


def test_the_map_of_the_package_names_every_module() -> None:
    rows = [line for line in page("design.md").splitlines() if line.startswith("| ")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    folder = Path(accsim.__file__).parent
    there = {path.stem for path in folder.glob("[!_]*.py")}
    there |= {path.parent.name for path in folder.glob("*/__init__.py")}
    assert sorted(named) == sorted(there)


def test_the_exit_codes_are_those_of_the_errors() -> None:
    assert list(EXIT_CODES) == [
        0,
        AccsimError.exit_code,
        InputError.exit_code,
        UNFINISHED,
        INTERRUPTED,
        TERMINATED,
    ]
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in page("cli.md")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_commands_within_a_sentence_exist_with_their_options(path: Path) -> None:
    for name, rest in INLINE.findall(path.read_text(encoding="utf-8")):
        assert f"accsim {name}" in COMMANDS
        meant = [one for full, one in COMMANDS.items() if full.split()[1] == name]
        known = [one for command in meant for option in command.params for one in option.opts]
        assert [one for one in re.findall(r"--[a-z-]+", rest) if one not in known] == []


def test_every_target_of_make_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for path in pages():
        for target in re.findall(r"`?\bmake ([a-z-]+)(?=`|$| +#)", path.read_text(), re.M):
            assert re.search(rf"^{target}:", makefile, re.M), f"{path.name}: make {target}"
