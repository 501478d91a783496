"""How long one decode pass takes to simulate in full, against how long it takes on the chip.

Every pass is lowered, simulated and measured from scratch: no layer and no pass is reused.

    python benchmarks/decode_pass.py [--passes 15] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import statistics
import time

from accsim.analysis.measure import measure
from accsim.config.resolve import load_both
from accsim.engine.simulate import simulate
from accsim.lowering.lower import lower
from accsim.tracing.decoding import trace_workload


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chip", default="ddr_npu")
    parser.add_argument("--workload", default="llama2_mtp")
    parser.add_argument("--passes", type=int, default=15, help="passes to time of each run")
    parser.add_argument("--profile", action="store_true", help="profile one pass of the last run")
    options = parser.parse_args()

    chip, workload = load_both(options.chip, options.workload)
    trace = trace_workload(workload)

    def one_pass(run: int, number: int) -> tuple[float, int]:
        decode = trace.runs[run].decode
        this = decode[number * len(decode) // options.passes]
        graph = trace.graphs[this.graph]
        start = time.perf_counter()
        program = lower(chip, graph, this.contexts, max(this.contexts) + 128)
        timeline = simulate(program, chip)
        measure(chip, graph, program, timeline)
        return time.perf_counter() - start, timeline.elapsed_ps

    one_pass(0, 0)  # compiles
    for index, run in enumerate(trace.runs):
        timed = [one_pass(index, number) for number in range(options.passes)]
        wall = statistics.median(seconds for seconds, _ in timed)
        chip_s = statistics.median(elapsed / 1e12 for _, elapsed in timed)
        print(
            f"{run.name:12} median of {len(timed)} passes: {wall:.3f} s wall for "
            f"{chip_s:.3f} s on the chip, {wall / chip_s:.2f} s per simulated second"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / 1024:.0f} MiB")
    if options.profile:
        profile = cProfile.Profile()
        profile.enable()
        one_pass(len(trace.runs) - 1, 0)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(20)


if __name__ == "__main__":
    main()
