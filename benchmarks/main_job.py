"""Wall time and peak memory of the main job as a user starts it, process start included.

python benchmarks/main_job.py [--runs 3]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    command = [sys.executable, "-m", "accsim", "run", "ddr_npu", "llama2_mtp", "--json"]
    seconds = []
    for _ in range(options.runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(
        f"accsim run ddr_npu llama2_mtp: first {seconds[0]:.2f} s, then median "
        f"{statistics.median(seconds[1:]):.2f} s of {options.runs}; peak {peak / 1024:.0f} MiB"
    )


if __name__ == "__main__":
    main()
