"""How far attribution may be believed: the page docs/attribution.md, from simulations.

Writes the page and the figures that it is made from (.json), and prints its table of knobs. Takes
some minutes on two cores.

    python benchmarks/attribution_page.py [--out docs] [--workers 2] [--again]
"""

from __future__ import annotations

import sys
from typing import Any

from attribution.page import check, knob_table, page
from attribution.studies import cases, study
from written_page import figures, page_options, write_page

from accsim.workers import workers

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
    options = page_options(__doc__)
    found = figures(options, NAME, simulate_all)
    print(knob_table([one for one in found if one["fits"]]))
    check(found)
    write_page(options.out, NAME, found, page(found))
    print(f"wrote {options.out / NAME}.md and .json")


if __name__ == "__main__":
    main()
