"""What each exit code of the command line means; `accsim.errors` has those of failures."""

from __future__ import annotations

UNFINISHED = 3
"""Of a sweep with points that failed or timed out."""
INTERRUPTED = 130
"""After Ctrl-C: 128 + SIGINT, as shells expect."""
TERMINATED = 143
"""After SIGTERM: 128 + SIGTERM."""

EXIT_CODES = {
    0: "all is well",
    1: "a simulation failed, or `accsim check` found a file that breaks a law; also where nobody "
    "reads stdout to its end, as `head` does",
    2: "wrong usage, input to mend, or a place that cannot be written",
    UNFINISHED: "points of a sweep failed or took too long; the others are kept",
    INTERRUPTED: "Ctrl-C",
    TERMINATED: "SIGTERM",
}
