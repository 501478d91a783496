"""What the scripts that write a page of the docs have in common: options, old figures, files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from accsim.files import whole_file

Found = TypeVar("Found")

DOCS = Path(__file__).parent.parent / "docs"


def page_options(about: str | None) -> argparse.Namespace:
    """``out`` (folder), ``workers`` and ``again`` (of the old figures) from the command line."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--out", type=Path, default=DOCS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="what is written, of the old figures")
    return parser.parse_args()


def figures(options: argparse.Namespace, name: str, simulate: Callable[[int], Found]) -> Found:
    """The figures of a page: those kept beside it, or what `simulate` finds with the workers."""
    if options.again:
        kept: Found = json.loads((options.out / f"{name}.json").read_text(encoding="utf-8"))
        return kept
    return simulate(options.workers)


def write_page(folder: Path, name: str, found: object, page: str) -> None:
    """Write a page and its figures, each whole or not at all."""
    for suffix, text in (("json", json.dumps(found, indent=1) + "\n"), ("md", page)):
        with whole_file(folder / f"{name}.{suffix}") as temporary:
            temporary.write_text(text, encoding="utf-8")
