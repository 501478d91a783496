"""A made-up break-even study."""

from __future__ import annotations

from accsim.breakeven import (
    Best,
    BreakEven,
    Extent,
    Family,
    LeftOut,
    Place,
    Step,
    Variant,
)

NEAR, FAR, MANY = Place(512, 1), Place(2048, 1), Place(2048, 4)


def step(place: Place, step_ps: int, tokens: float | None, rate: float | None) -> Step:
    """Against a baseline of 100 ms, and one head of 80 ms."""
    needed = step_ps / 100_000_000_000
    over_own = None if tokens is None else tokens * 80_000_000_000 / step_ps
    return Step(
        place=place,
        step_ps=step_ps,
        baseline_ps=100_000_000_000,
        own_ps=80_000_000_000,
        needed_tokens=needed,
        needed_rate=rate,
        speedup=(None if tokens is None else tokens / needed, 1 / needed),
        speedup_over_own=(over_own, 80_000_000_000 / step_ps),
    )


ONE = Variant(
    1, 1, (1.0, 1.0), tuple(step(at, 80_000_000_000, 1.0, 0.0) for at in (NEAR, FAR, MANY))
)
# 1.5 tokens in 120 ms are 1.25x, in 250 ms 0.6x.
TWO = Variant(
    2,
    2,
    (1.5, 1.0),
    (
        step(NEAR, 120_000_000_000, 1.5, 0.2),
        step(FAR, 110_000_000_000, 1.5, 0.1),
        step(MANY, 250_000_000_000, 1.5, None),
    ),
)
THREE = Variant(
    3,
    3,
    (None, 1.0),
    tuple(step(at, 180_000_000_000, None, 0.52) for at in (NEAR, FAR, MANY)),
)

HEADS = Family(
    run="[b]heads",
    scheme="multi_token",
    k=2,
    acceptance="made up",
    acceptances=("run", "code"),
    reference=FAR,
    variants=(ONE, TWO, THREE),
    best=(Best(NEAR, 1, 1.25), Best(FAR, 2, 1.5 / 1.1), Best(MANY, 1, 1.25)),
    extents=(
        Extent("beats_baseline", "context", 512, 2048, ((512, 2048),)),
        Extent("beats_baseline", "batch", 1, 4, ((1, 3),)),
        Extent("beats_own", "context", 512, 2048, ((700, 2048),)),
        Extent("beats_own", "batch", 1, 4, ((1, 1),)),
        Extent("keeps_k", "context", 512, 2048, ()),
        Extent("keeps_k", "batch", 1, 4, ((1, 1), (3, 4))),
    ),
)
"""One head of three is always fast, two are good at few sequences, of three little is known."""

STUDY = BreakEven(
    chip="ddr_npu",
    workload="text",
    accsim_version="0",
    baseline="ordinary",
    baseline_tokens=1.0,
    dram_bytes=16 * 2**30,
    sram_bytes=4 * 2**20,
    families=(HEADS,),
    left_out=(
        LeftOut("[b]heads", Place(512, 4), "sram"),
        LeftOut("[b]heads", Place(2048, 8), "dram"),
        LeftOut("[b]heads", Place(2048, 16), "dram"),
        LeftOut("other", Place(4096, 1), "dram"),
    ),
)
