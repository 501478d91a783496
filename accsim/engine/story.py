"""The story of a deadlock: which unit waits for what, in words."""

from __future__ import annotations

from collections.abc import Sequence

from accsim.program import UNIT_NAMES, Program, Transfers, Unit


def deadlock_story(
    program: Program, done: Sequence[int], stream_used: int, in_flight: int, now_ps: int
) -> str:
    """Describe every unit that has commands left when no event is.

    Args:
        program: what was to be done.
        done: completion counters, one per `Unit`.
        stream_used: bytes in use of the stream buffer.
        in_flight: descriptors in the memory system.
        now_ps: when it stopped.
    """
    lines = [f"nothing can happen after {now_ps} ps, yet work is left:"]
    for unit in Unit:
        queue, at = program.queue(unit), done[unit]
        if at >= len(queue):
            lines.append(f"  {UNIT_NAMES[unit]}: all {len(queue)} commands done")
            continue
        waits = [
            f"{UNIT_NAMES[producer]} {thresholds[at]} (done: {done[producer]})"
            for producer, thresholds in zip(Unit, queue.needs, strict=True)
            if done[producer] < thresholds[at]
        ]
        if isinstance(queue, Transfers):
            free = program.stream_bytes - stream_used
            if queue.sram_bytes[at] > free:
                waits.append(
                    f"{queue.sram_bytes[at]} B of stream buffer "
                    f"({free} B of {program.stream_bytes} B free)"
                )
        lines.append(
            f"  {UNIT_NAMES[unit]}: command {at} of {len(queue)}, operator {queue.op[at]}, "
            f"{program.labels[queue.label[at]]}: waits for {', '.join(waits) or 'nothing known'}"
        )
    lines.append(f"  memory: {in_flight} descriptors in flight")
    return "\n".join(lines)
