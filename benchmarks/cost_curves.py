"""Where the second token stops being free: the page docs/cost-of-a-token.md, from simulations.

Writes the page, the figures that it is made from (.json) and its picture (.svg); the picture needs
a Chromium. Takes some minutes on two cores.

    python benchmarks/cost_curves.py [--out docs] [--workers 2] [--again]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Any

from cost_of_a_token.laws import check
from cost_of_a_token.page import page, ratios
from cost_of_a_token.picture import browser, write_svg
from cost_of_a_token.prefill import prefill
from cost_of_a_token.studies import (
    CHIPS,
    DATAFLOWS,
    SHARING_ROWS,
    SIDES,
    WORKLOADS,
    curve,
    sharing,
    turning,
)
from written_page import figures, page_options, write_page

from accsim.report.charts import cost_figure

NAME = "cost-of-a-token"


def simulate_all(workers: int) -> dict[str, Any]:
    """Everything that the page says, in the order of its sections."""
    with ProcessPoolExecutor(workers) as pool:

        def submit(study: Callable[..., dict[str, Any]], *arguments: object) -> Future[Any]:
            return pool.submit(study, *arguments)

        # The longest first, so that no worker is left alone with one at the end.
        prefills = [submit(prefill, double) for double in (False, True)]
        curves = {
            precision: {chip: submit(curve, precision, chip) for chip in CHIPS}
            for precision in WORKLOADS
        }
        turns = [
            submit(turning, side, dataflow, double)
            for side in SIDES
            for dataflow in DATAFLOWS
            for double in (False, True)
        ]
        shares = [submit(sharing, rows) for rows in SHARING_ROWS]
        jobs = [
            *prefills,
            *turns,
            *shares,
            *(job for row in curves.values() for job in row.values()),
        ]
        for done, job in enumerate(as_completed(jobs), 1):
            job.result()
            print(f"\r{done} of {len(jobs)} studies", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return {
            "curves": {
                precision: {chip: job.result() for chip, job in row.items()}
                for precision, row in curves.items()
            },
            "sharing": [job.result() for job in shares],
            "turning": [job.result() for job in turns],
            "prefill": [job.result() for job in prefills],
        }


def main() -> None:
    options = page_options(__doc__)
    drawn_by = browser()
    found = figures(options, NAME, simulate_all)
    check(found)
    write_svg(options.out / f"{NAME}.svg", cost_figure(ratios(found)), drawn_by)
    write_page(options.out, NAME, found, page(found))
    print(f"wrote {options.out / NAME}.md, .json and .svg")


if __name__ == "__main__":
    main()
