"""Wall time and memory of drawing many generations over known pass times.

python benchmarks/generations.py [--count 10000] [--output 512] [--batch 1]
"""

from __future__ import annotations

import argparse
import resource
import time

from accsim.analysis.generations import over_generations
from accsim.config.models import ACCEPTANCES
from accsim.ops import Pass, TracedRun

PROMPT_TOKENS = 1920


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--output", type=int, default=512)
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    contexts = (PROMPT_TOKENS,) * options.batch
    run = TracedRun(
        name="heads4_k4",
        scheme="multi_token",
        max_tokens_per_pass=4,
        prompt_tokens=PROMPT_TOKENS,
        output_tokens=options.output,
        batch=options.batch,
        expected_tokens_per_pass=None,
        resident_bytes=0,
        prefill=(),
        decode=(Pass("decode", contexts, (1,) * options.batch),),
        acceptance=ACCEPTANCES["code"],
    )
    # About what a pass of Llama-2-7B takes on ddr_npu: 10 us more for each cached token.
    knots = {sum(contexts): 293 * 10**9, sum(contexts) + 1000: 303 * 10**9}
    began = time.perf_counter()
    drawn = over_generations(run, knots, count=options.count, seed=1)
    took = time.perf_counter() - began
    assert drawn is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{options.count} generations of {options.output} tokens, batch {options.batch}: "
        f"{took:.2f} s, peak {peak / 1024:.0f} MiB; "
        f"{drawn.tokens_per_pass.mean:.4f} tokens per pass"
    )


if __name__ == "__main__":
    main()
