"""How far attribution may be believed: the page docs/attribution.md, from simulations.

Writes the page and the figures that it is made from (.json), and prints its table of knobs. Takes
some minutes on two cores.

    python benchmarks/attribution_page.py [--out docs] [--workers 2] [--again]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from attribution.page import check, knob_table, page
from attribution.studies import cases, study

from accsim.files import whole_file
from accsim.workers import workers

ROOT = Path(__file__).parent.parent
NAME = "attribution"


def simulate_all(count: int) -> list[dict[str, Any]]:
    """Every case, in order."""
    todo = list(cases())

    def told(number: int) -> None:
        print(f"\rdone: {' '.join(todo[number]):<50}", end="", file=sys.stderr, flush=True)

    with workers(count) as work:
        found = work(study, todo, told)
    print(file=sys.stderr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="the page of the old figures")
    options = parser.parse_args()
    if options.again:
        found = json.loads((options.out / f"{NAME}.json").read_text(encoding="utf-8"))
    else:
        found = simulate_all(options.workers)
    print(knob_table([one for one in found if one["fits"]]))
    check(found)
    for suffix, text in (("json", json.dumps(found, indent=1) + "\n"), ("md", page(found))):
        with whole_file(options.out / f"{NAME}.{suffix}") as temporary:
            temporary.write_text(text, encoding="utf-8")
    print(f"wrote {options.out / NAME}.md and .json")


if __name__ == "__main__":
    main()
