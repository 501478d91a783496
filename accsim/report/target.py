"""The cheapest changes that reach a goal, as a person reads them.

Names come from files, so everything is printed as plain `Text`.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from accsim.report.metrics import show_seconds
from accsim.report.tables import plain_table
from accsim.report.whatif import shown_values
from accsim.report.wording import CAUSE_NAMES
from accsim.target import Candidate, Goal, Target
from accsim.units import show_bytes, show_count, show_rate


def print_target(found: Target, console: Console) -> None:
    """Print all of it: the answer, the arithmetic of the floor, the chips."""
    console.print()
    console.print(Text(headline(found), style="bold"))
    console.print()
    console.print(Text(floor_line(found)))
    told = found.solutions or ((found.nearest,) if found.nearest is not None else ())
    console.print()
    console.print(_table(found.base, told, found.cost_unit))
    console.print()
    weights = ", ".join(f"{knob}={weight:.4g}" for knob, weight in found.costs.items())
    chips = "1 chip" if found.simulated == 1 else f"{found.simulated} chips"
    setting = (
        f"{found.chip}, {found.workload}, {chips} simulated. Cost of as much again as the chip "
        f"has{', in ' * bool(found.cost_unit)}{found.cost_unit}: {weights}."
    )
    console.print(Text(setting, style="dim"))
    console.print()


def headline(found: Target) -> str:
    """Whether the goal is reached, and how."""
    run, goal = f"{found.run} on {found.chip}", goal_words(found.goal)
    if found.reached:
        return f"{run} needs no change: it reaches {goal}."
    if found.floor.most_bytes_per_s < found.floor.needed_bytes_per_s:
        channels = f"{found.floor.channels_needed} channels of {found.floor.grade}"
        return f"{run} cannot reach {goal} below {channels}."
    if found.floor.exceeds(found.goal):
        floor_w = f"{found.floor.dram_io_w:.3g} W"
        return f"{run} cannot reach {goal}: DRAM I/O alone takes {floor_w} at this rate."
    if found.solutions:
        changes = ", ".join(words(found.solutions[0]))
        price = f"{found.solutions[0].cost:.3g} {found.cost_unit}".rstrip()
        return f"{run} reaches {goal} with {changes}, at a cost of {price}."
    effort = "nothing that was tried helps further" if found.complete else "the search was ended"
    return f"No chip was found on which {found.run} reaches {goal}: {_power(found)}{effort}."


def _power(found: Target) -> str:
    """What power has to do with it that no chip was found: those fast enough take too much."""
    near, goal = found.nearest, found.goal
    if near is None or goal.power_w is None or near.power_w <= goal.power_w:
        return ""
    if near.tokens_per_s < goal.tokens_per_s:
        return ""
    return f"power forbids it, a chip that is fast enough takes {near.power_w:.3g} W; "


def goal_words(goal: Goal) -> str:
    """What is asked for: ``40 tokens/s and TTFT 1.5 s under 10 W``."""
    told = f"{goal.tokens_per_s:.4g} tokens/s"
    if goal.ttft_s is not None:
        told += f" and TTFT {show_seconds(goal.ttft_s)}"
    return told if goal.power_w is None else f"{told} under {goal.power_w:.3g} W"


def floor_line(found: Target) -> str:
    """The bytes of a token, and what pins they need at the speed that is asked for."""
    floor = found.floor
    return (
        f"A token needs {show_bytes(floor.dram_bytes_per_token)} from DRAM and "
        f"{show_count(floor.macs_per_token, 'MACs')}; at {found.goal.tokens_per_s:.4g} tokens/s "
        f"that is {show_rate(floor.needed_bytes_per_s)}. The pins carry "
        f"{show_rate(floor.pins_bytes_per_s)}, and {show_rate(floor.most_bytes_per_s)} with all "
        f"that is tried. DRAM I/O alone takes {floor.dram_io_w:.3g} W.{_prompt(found)}"
    )


def _prompt(found: Target) -> str:
    """The same of the prompt and its MACs, where a time to the first token is asked for."""
    if found.goal.ttft_s is None:
        return ""
    moved = found.floor.prefill_dram_bytes
    return (
        f" The prompt needs {show_bytes(moved)}; in {show_seconds(found.goal.ttft_s)} that is "
        f"{show_rate(moved / found.goal.ttft_s)}. Its MACs take the array "
        f"{show_seconds(found.floor.prefill_array_s)} at best."
    )


def words(candidate: Candidate) -> list[str]:
    """The changes of a chip: ``memory channels 2 -> 8``."""
    return [
        f"{one.label} {shown_values(one.before, one.after, one.unit)}" for one in candidate.changes
    ]


def _table(base: Candidate, told: tuple[Candidate, ...], unit: str) -> Table:
    table = plain_table(gap=1)
    table.add_column(Text("chip"), overflow="fold")
    price = unit or "cost"
    for heading in (price, "tokens/s", "TPOT", "bound by", "power", "TTFT", "bound by"):
        table.add_column(Text(heading), justify="right", overflow="fold")
    for candidate in (base, *told):
        cells = (
            "\n".join(words(candidate)) or "as it is",
            f"{candidate.cost:.3g}",
            f"{candidate.tokens_per_s:.4g}",
            show_seconds(candidate.tpot_s),
            CAUSE_NAMES[candidate.bound],
            f"{candidate.power_w:.3g} W",
            show_seconds(candidate.ttft_s),
            CAUSE_NAMES[candidate.prefill_bound],
        )
        table.add_row(*map(Text, cells))
    return table
