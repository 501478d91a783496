"""Does multi-token decoding pay? The page docs/does-multi-token-decoding-pay.md, from simulations.

Writes the page, the figures that it is made from (.json) and its pictures (.svg); the pictures need
a Chromium. Takes some minutes on two cores.

    python benchmarks/multi_token_page.py [--out docs] [--workers 2] [--again]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Any

from cost_of_a_token.picture import browser, write_svg
from multi_token.laws import check
from multi_token.page import NAME, page
from multi_token.pictures import PICTURES
from multi_token.steps import CHIPS, MODELS, PRECISIONS, WIDE
from multi_token.studies import (
    BATCH_CHIPS,
    BATCH_SIDES,
    CONTEXTS,
    MEMORIES,
    SIDES,
    SIZES,
    bandwidth,
    batches,
    error,
    generations,
    grid,
    schemes,
    sharing,
    sizes,
    training,
    turning,
)
from written_page import figures, page_options, write_page


def simulate_all(workers: int) -> dict[str, Any]:
    """Everything that the page says, in the order of its sections."""
    with ProcessPoolExecutor(workers) as pool:
        jobs: list[Future[Any]] = []

        def submit(study: Callable[..., Any], *arguments: object) -> Future[Any]:
            jobs.append(pool.submit(study, *arguments))
            return jobs[-1]

        # The longest first, so that no worker is left alone with one at the end.
        trained, drawn = submit(training), submit(generations)
        by_batch = [
            (chip, weights, side, submit(batches, chip, weights, side))
            for chip, side, formats in (
                *((chip, None, tuple(PRECISIONS)) for chip in BATCH_CHIPS),
                *((WIDE, side, ("fp16", "int4")) for side in BATCH_SIDES),
            )
            for weights in formats
        ]
        turns = [
            submit(turning, chip, weights, side)
            for chip in MEMORIES
            for weights in PRECISIONS
            for side in (*SIDES, None)
        ]
        by_size = {model: submit(sizes, model) for model in SIZES}
        needed = {weights: submit(bandwidth, weights) for weights in PRECISIONS}
        cells = [
            (chip, weights, model, submit(grid, chip, weights, model))
            for chip in CHIPS
            for weights in PRECISIONS
            for model in MODELS
        ]
        shares = [
            submit(sharing, model, weights, context)
            for model in MODELS
            for weights in PRECISIONS
            for context in CONTEXTS
        ]
        ways = {weights: submit(schemes, weights) for weights in PRECISIONS}
        errors = [submit(error, chip, weights) for chip in CHIPS for weights in PRECISIONS]
        for done, job in enumerate(as_completed(jobs), 1):
            job.result()
            print(f"\r{done} of {len(jobs)} studies", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return {
            "grid": [
                {"chip": chip, "weights": weights, "model": model, "steps": job.result()}
                for chip, weights, model, job in cells
            ],
            "sharing": [job.result() for job in shares],
            "bandwidth": {weights: job.result() for weights, job in needed.items()},
            "generations": drawn.result(),
            "turning": [job.result() for job in turns],
            "batch": [
                {"chip": chip, "weights": weights, "side": side, "steps": job.result()}
                for chip, weights, side, job in by_batch
            ],
            "sizes": {model: job.result() for model, job in by_size.items()},
            "training": trained.result(),
            "schemes": {weights: job.result() for weights, job in ways.items()},
            "errors": [job.result() for job in errors],
        }


def main() -> None:
    options = page_options(__doc__)
    drawn_by = browser()
    found = figures(options, NAME, simulate_all)
    check(found)
    for name, figure in PICTURES.items():
        write_svg(options.out / f"{NAME}-{name}.svg", figure(found), drawn_by)
    write_page(options.out, NAME, found, page(found))
    print(f"wrote {options.out / NAME}.md, .json and its pictures")


if __name__ == "__main__":
    main()
