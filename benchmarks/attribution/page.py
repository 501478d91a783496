"""The page docs/attribution.md from its figures, what it relies on, and the table of knobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cost_of_a_token.markdown import flowed, listed, table

from accsim.report.wording import CAUSE_NAMES, DETAIL_NAMES

from .studies import NOTED, SLACK, VARIANTS, chip_of, named

Found = Sequence[dict[str, Any]]

AGREEMENT = 0.9
"""Share of the cases in which the largest share has to name the knob that helps most."""
LEAST_CASES = 20
FAR = 0.5
"""A knob is worth much less than its cause's share where its elasticity is below so much of it."""

REMOVED = {
    "dram": "twice the channels",
    "dram data": "twice the channels",
    "dram refresh": "no refresh",
    "array": "tiles that take no cycle",
    "array compute": "tiles that take no cycle",
    "array fill_drain": "tiles without fill and drain",
    "vector": "vector tiles that take no cycle",
    "sram": "endless SRAM",
    "sram_bandwidth": "endless SRAM bandwidth",
    "dma": "descriptors issued in no time",
    "dispatch": "operators started in no time",
}


EXPLAINED = {
    "hbm_npu, slow issue": """
a pass that gets shorter meets fewer refreshes, so it saves the share of the issue and that part of
the refreshes as well. Without refresh, what is saved stays below the share.
""",
    "hbm_npu, little SRAM": """
the array's time is compute and, for more than half, fill and drain: tiles are cut so small that
filling the array takes longer than streaming through it. More arrays shorten the compute only;
more channels shorten all of a cause with a smaller share. The parts of a cause
(`causes_detail_ps`) tell such cases apart.
""",
}
"""Why what is said of all cases does not hold on some chips."""


def check(found: Found) -> None:
    """Hold the figures against what the page says of all of them.

    Raises:
        ValueError: one of them does not.
    """
    shipped, made_up = _apart(found)
    if len(shipped) < LEAST_CASES:
        raise ValueError(f"{len(shipped)} cases fit their chips, {LEAST_CASES} are needed")
    for one, removed in _beyond(shipped):
        raise ValueError(f"{_case(one)} saves more than the share of {removed['cause']}")
    agreeing = sum(one["agrees"] for one in shipped)
    if agreeing < AGREEMENT * len(shipped):
        raise ValueError(f"the largest share names the knob in {agreeing} of {len(shipped)} cases")
    for one in (*_misnamed(shipped), *_misnamed(made_up), *(one for one, _ in _beyond(made_up))):
        if one["chip"] not in EXPLAINED:
            raise ValueError(f"{_case(one)} is an exception that the page does not explain")


def _apart(found: Found) -> tuple[Found, Found]:
    """Cases of shipped chips, and of chips that nobody would build."""
    fitting = [one for one in found if one["fits"]]
    return (
        [one for one in fitting if one["chip"] not in VARIANTS],
        [one for one in fitting if one["chip"] in VARIANTS],
    )


def _beyond(cases: Found) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Removals that save more than a share promises."""
    return [
        (one, removed)
        for one in cases
        for removed in one["removals"]
        if removed["saved"] > removed["share"] + SLACK
    ]


def _misnamed(cases: Found) -> list[dict[str, Any]]:
    """Cases in which the largest share does not name the best knob."""
    return [one for one in cases if not (one["agrees"] and one["agrees_but_clock"])]


def page(found: Found) -> str:
    """The whole page."""
    shipped, made_up = _apart(found)
    return (
        "\n\n".join(
            (
                "# How far attribution may be believed",
                flowed(_WHAT),
                "## What a share promises",
                flowed(_promise(shipped)),
                removal_table(shipped),
                "## Which knob it names",
                flowed(_knobs(found)),
                knob_table(shipped),
                flowed(_sizes(shipped)),
                "## Where other units are waited for",
                flowed(_OTHERS),
                removal_table(made_up),
                knob_table(made_up),
                flowed(_exceptions(made_up)),
                "## How to read it",
                flowed(_HOW.strip()),
            )
        )
        + "\n"
    )


_WHAT = """
Made by `make attribution-page` from simulations; the figures are in
[attribution.json](attribution.json).

Attribution says which operator and which cause each picosecond of a pass belongs to. Each command
(a transfer, a tile) remembers what it waited for last. A walk goes from the last event of the
pass back to the command that let it start, and so on to time 0: the critical path. The span of
each step belongs to one operator and to one [cause](result.md#causes), so causes add up exactly,
without a remainder: for each operator group, each part of the model, each pass and each run
(`ops`, `parts`, `causes_ps` of [the result](result.md)). `accsim check` holds a result against
that, and a test does so for every shipped workload on every shipped chip.

That the parts add up does not make them true. Two things are asked here: does a pass get shorter
by no more than a cause's share when the cause is gone, and does the largest share name the change
of the chip that helps most?
"""


def _promise(shipped: Found) -> str:
    noted = [(one, removed) for one in shipped for removed in one["removals"]]
    closest, removed = max(noted, key=lambda item: item[1]["saved"] - item[1]["share"])
    most = 100 * (removed["saved"] - removed["share"])
    removals = [f"{_cause(what)}: {how}" for what, how in REMOVED.items()]
    return f"""
Of each decode step (half of the output in the caches, two of the equal layers), every cause, or
part of one, with {100 * NOTED:.0f} % of the time or more is taken away from the same program on
the same chip ({"; ".join(removals)}). A share is an upper bound of what that saves: something
else may then be waited for. In all {len(noted)} cases the step got shorter by at most the share
and {100 * SLACK:.1f} points; the most that it saved beyond a share are {most:.2f} points
({_case(closest)}, {_cause(removed["cause"])}). Where twice the channels stand for less DRAM time,
half of the share is the most that there is to save.
"""


def removal_table(fitting: Found) -> str:
    """Shares of causes, and what their absence saves."""
    rows = []
    for one in fitting:
        told = (
            f"{_cause(removed['cause'])} {_percent(removed['share'])}: {_percent(removed['saved'])}"
            for removed in one["removals"]
        )
        rows.append((one["chip"], one["workload"], one["run"], "; ".join(told)))
    headings = ("chip", "workload", "run", "share: saved without it")
    return table(headings, rows, left=4)


def _knobs(found: Found) -> str:
    shipped, _ = _apart(found)
    agreeing = sum(one["agrees"] for one in shipped)
    apart = sum(one["agrees_but_clock"] for one in shipped)
    left_out = [_case(one) for one in found if not one["fits"]]
    fit = f" Left out, because the model does not fit: {listed(left_out)}." if left_out else ""
    refused = [
        name
        for name in dict.fromkeys(name for one in shipped for name in one["refused"])
        if all(name in one["refused"] for one in shipped)
    ]
    nowhere = (
        f" On no shipped chip there is a further step of {listed(refused)}." if refused else ""
    )
    return f"""
`accsim whatif` simulates the step once more for each knob, one step further, and tells its
elasticity: by which power of the factor the time falls
([what each change is worth](what-if.md)). Each knob acts against some causes. In {agreeing} of
{len(shipped)} cases the knob with the largest elasticity acts against the cause with the largest
share. The core clock acts against all causes but DRAM and SRAM capacity; left aside, it is so in
{apart} of {len(shipped)}.{fit}{nowhere}
"""


def knob_table(found: Found) -> str:
    """The largest share of each case, and the knob with the largest elasticity."""
    rows = []
    for one in found:
        labels = _labels(one)
        best, apart = one["best"], one["best_but_clock"]
        then, share = one["then"]
        rows.append(
            (
                one["chip"],
                one["workload"],
                one["run"],
                f"{CAUSE_NAMES[one['bound']]} {_percent(one['shares'][one['bound']])}",
                f"{labels[best]} {one['elasticities'][best]:.2f}",
                "the same"
                if apart == best
                else f"{labels[apart]} {one['elasticities'][apart]:.2f}",
                f"{CAUSE_NAMES[then]} {_percent(share)}",
                "yes" if one["agrees"] and one["agrees_but_clock"] else "no",
            )
        )
    headings = (
        *("chip", "workload", "run", "largest share", "best knob, elasticity"),
        *("best but the clock", "then bound by", "agree"),
    )
    return table(headings, rows, left=len(headings))


def _sizes(shipped: Found) -> str:
    """That the direction is right, and the size need not be."""
    far = [
        one
        for one in shipped
        if one["elasticities"][one["best"]] < FAR * one["shares"][one["bound"]]
    ]
    overtaken = [one for one in far if one["then"][0] != one["bound"]]
    return f"""
The direction is right, the size need not be: a share is about the next picosecond, an elasticity
about a whole doubling. In {len(far)} cases the best knob is worth less than half of what the share
would suggest. In {len(overtaken)} of them the next bottleneck is near: before the doubling is
done, something else is waited for, as the column *then bound by* says.
"""


_OTHERS = """
On the shipped chips DRAM or array have the largest share. So the same is asked of `hbm_npu` with
something that nobody would build: 2 lanes in the vector unit; 40,000 cycles to start an operator;
400 cycles to issue a descriptor, one at a time; a sixteenth of the SRAM.
"""


def _exceptions(made_up: Found) -> str:
    beyond = [
        f"{_case(one)} saves {_percent(removed['saved'])} without {_cause(removed['cause'])}, more "
        f"than its share of {_percent(removed['share'])}"
        for one, removed in _beyond(made_up)
    ]
    misnamed = [
        f"{_case(one)}: {CAUSE_NAMES[one['bound']]} has the largest share, but "
        f"{_labels(one)[one['best_but_clock']]} helps most, the clock left aside"
        for one in _misnamed(made_up)
    ]
    why = [f"- `{chip}`: {' '.join(text.split())}" for chip, text in EXPLAINED.items()]
    return f"""
In {len(made_up)} cases there are {len(beyond) + len(misnamed)} exceptions:
{"; ".join((*beyond, *misnamed))}.

The reasons:

{chr(10).join(why)}
"""


_HOW = """
- **The largest share is where to look first.** Turn a knob that acts against it, then ask again:
  behind it stands the next one.
- **A share is the most that can be gained** by making its cause vanish, and less where something
  else is just behind. To know what is behind, simulate: `accsim whatif` does it for every knob.
- **A small share is no proof that a knob is useless.** What is hidden (the array while DRAM is
  waited for) has no share, and still must keep up when the first bottleneck is gone.
- **Parts of a cause have knobs of their own.** `refresh` falls with the temperature or the
  density of the DRAM, `data` with bytes or pins, `fill_drain` with shallower arrays or longer
  streams of rows.
- **Shares of energy are another thing.** Work is paid by whoever does it, hidden or not; only
  background, refresh and static power follow the time ([whose energy](energy.md#whose-energy)).
- **Waits are charged to the last thing that was waited for.** Where two are over at almost the
  same time, the one that came last has it all, and taking it away saves next to nothing. Then
  shares are only an upper bound.
"""


def _labels(one: dict[str, Any]) -> dict[str, str]:
    """What the knobs of a case's chip are called, by their names."""
    return {name: knob.label for name, knob in named(chip_of(one["chip"])).items()}


def _case(one: dict[str, Any]) -> str:
    return f"{one['chip']} {one['workload']} {one['run']}"


def _cause(what: str) -> str:
    """``DRAM``, ``row activation``: a cause, or a part of one."""
    cause, _, part = what.partition(" ")
    return DETAIL_NAMES[part] if part else CAUSE_NAMES[cause]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
