"""What every figure of a report and every key of a result means: the one place that says so.

`accsim glossary` prints it and ``docs/glossary.md`` is made from it.
"""

from __future__ import annotations

from textwrap import fill
from typing import NamedTuple


class Entry(NamedTuple):
    """A meaning, and all that goes by it.

    names    keys of the JSON objects, labels of reports, causes, terms; the first is the main one
    meaning  sentences; units and the formula where there is one
    """

    names: tuple[str, ...]
    meaning: str


class Chapter(NamedTuple):
    """Entries that belong together."""

    title: str
    entries: tuple[Entry, ...]


def _entry(names: str, meaning: str) -> Entry:
    """An entry of names with bars between them."""
    return Entry(tuple(name.strip() for name in names.split("|")), meaning)


GLOSSARY = (
    Chapter(
        "What was simulated",
        (
            _entry("schema", "Which JSON object this is, and its version; keys are only added."),
            _entry("chip | workload", "Names that the files of chip and workload give themselves."),
            _entry("accsim_version", "The version of accsim that simulated."),
            _entry("seed", "Of all random draws; equal input and seed give equal results."),
            _entry("mapping", "Name of the mapping file whose pins were followed, null without."),
            _entry("clock_hz", "Core clock of the chip; array, vector unit and SRAM run at it."),
            _entry(
                "peak_dram_bytes_per_s | pins",
                "What the data pins of all channels carry at most: channels x width x data rate.",
            ),
            _entry("peak_macs_per_s", "MACs that the arrays do at most, of 16-bit operands."),
            _entry("sram_bytes", "Capacity of the on-chip buffer."),
            _entry("runs", "The ways of decoding that the workload compares."),
            _entry("name", "Of a run, from the workload; of an operator group, what it does."),
            _entry("scheme", "Way of decoding: autoregressive, multi_token, medusa, ..."),
            _entry(
                "max_tokens_per_pass",
                "Most tokens that a pass can add to a sequence: 1, or 1 + the drafts it verifies.",
            ),
            _entry("prompt_tokens | prompt tokens", "Tokens of a sequence before decoding."),
            _entry(
                "output_tokens | output tokens",
                "Tokens decoded per sequence; the first comes out of the prefill.",
            ),
            _entry(
                "asked_tokens",
                "Output tokens that the workload asks for, where a recording ended before; "
                "null elsewhere.",
            ),
            _entry("batch | sequences", "Sequences that are decoded together."),
        ),
    ),
    Chapter(
        "Speed",
        (
            _entry(
                "speedup | speed-up, drawn",
                "Time per output token of the baseline over that of the run, with the tokens per "
                "pass that this seed drew.",
            ),
            _entry(
                "speedup_expected | speed-up, expected",
                "The same if each pass brought the mean that the acceptance rates promise.",
            ),
            _entry("baseline", "The run that others are held against; the workload names it."),
            _entry(
                "ttft_s | TTFT | prefill_ps",
                "Time to first token: all passes that read the prompt.",
            ),
            _entry(
                "tpot_s | TPOT",
                "Time per output token of a sequence: decode time / (output tokens - 1), a mean.",
            ),
            _entry(
                "decode_tokens_per_s | tokens/s",
                "Tokens of all sequences per second of decoding.",
            ),
            _entry(
                "decode_ps | decode_s | decode time",
                "All decode passes together, those of a draft model included. The integer "
                "picoseconds are exact.",
            ),
            _entry("decode_cycles | decode cycles", "Decode time in cycles of the core clock."),
            _entry(
                "floor_s | floor of decode | prefill_floor_s",
                "The larger of bytes moved over the pins' peak and MACs over the array's. Nothing "
                "can be faster.",
            ),
            _entry("time over floor", "Decode time over its floor: 1 is as fast as can be."),
        ),
    ),
    Chapter(
        "Mean decode pass",
        (
            _entry(
                "pass",
                "One traversal of the model. It carries one query row per sequence, or more where "
                "drafts are verified.",
            ),
            _entry("passes | decode passes", "Decode passes of the model that emits tokens."),
            _entry("draft_passes", "Passes of a draft model, not counted in `passes`."),
            _entry(
                "mean_tokens_per_pass | tokens, drawn | tokens per pass",
                "Tokens that a decode pass added to a sequence, on average, in this draw: "
                "(output tokens - 1) / passes.",
            ),
            _entry(
                "expected_tokens_per_pass | tokens, expected | expected tokens/pass",
                "The mean that the acceptance rates promise: 1 + p2 + p2 p3 + ...",
            ),
            _entry(
                "acceptance rate",
                "How often the draft at a position is right, given that all before it were.",
            ),
            _entry(
                "mean_pass_s | time",
                "Decode time / passes; passes of a draft model count with the pass they precede. "
                "In the table of operator groups: their part of the critical path of that.",
            ),
            _entry(
                "decode_dram_read_bytes | decode_dram_write_bytes | dram_read_bytes | "
                "dram_write_bytes | DRAM bytes | DRAM",
                "Bytes moved between DRAM and SRAM in decode passes, re-reads included: of all "
                "passes in JSON, of a mean pass in tables.",
            ),
            _entry(
                "decode_macs | macs | MACs",
                "Multiply-accumulates that the shapes ask for; 1 MAC is 2 operations. Of all "
                "passes in JSON, of a mean pass in tables.",
            ),
            _entry(
                "decode_dram_bytes_per_token | DRAM bytes/token",
                "DRAM bytes of decoding over the tokens of all sequences.",
            ),
            _entry(
                "prefill_dram_read_bytes | prefill_dram_write_bytes | prefill_macs",
                "The same work of the passes that read the prompt.",
            ),
            _entry(
                "sram_peak_bytes | SRAM at most",
                "Most bytes of the SRAM in use at once in decoding.",
            ),
        ),
    ),
    Chapter(
        "Utilization",
        (
            _entry("utilization", "Share of decode time in which a unit does useful work, 0 to 1."),
            _entry("dram | DRAM pins", "Bytes moved over what the pins could have moved."),
            _entry(
                "array",
                "Useful MACs over what the arrays could have done at the operands' precision.",
            ),
            _entry("vector | vector unit", "Busy time of the vector unit over decode time."),
            _entry(
                "sram | SRAM banks",
                "Bytes of array, vector unit and DMA over what all banks could have moved.",
            ),
            _entry(
                "units | unit | busy_ps | stalled_ps | idle_ps",
                "Each unit's decode time: busy; stalled, with work left but waiting; idle, without "
                "work left in the pass. They add up. In `dram`, idle is the bus without requests.",
            ),
        ),
    ),
    Chapter(
        "Causes of time on the critical path",
        (
            _entry(
                "critical path",
                "Back from the end of a pass along what each start waited for last. Each "
                "picosecond of it belongs to one operator and one cause.",
            ),
            _entry(
                "bound | bound by | bound_share | prefill_bound | prefill_bound_share | "
                "prefill bound",
                "The cause with the largest share of the critical path, and all shares (sum 1). "
                "It comes from the simulation, not from intensity.",
            ),
            _entry(
                "causes_ps | prefill_causes_ps",
                "Critical path by cause, of an operator group or of a run; of its prefill.",
            ),
            _entry(
                "causes_detail_ps | prefill_causes_detail_ps",
                "The same by part, for causes that have parts: of DRAM time data, turnaround, "
                "refresh, row activation and latency, of array time compute and fill_drain. Parts "
                "add up to their cause.",
            ),
            _entry(
                "dram | DRAM",
                "Cause: a transfer was being served; data, row commands, refresh and turnaround.",
            ),
            _entry("array", "Cause: a tile ran on a matrix array, or its results drained."),
            _entry("vector | vector unit", "Cause: a tile ran on the vector unit, or drained."),
            _entry(
                "sram | SRAM capacity",
                "Cause: a load came late for want of room, while the memory stood idle.",
            ),
            _entry(
                "sram_bandwidth | SRAM bandwidth",
                "Cause: a tile took longer than its unit, as the SRAM's banks or its port carried "
                "no more.",
            ),
            _entry("dma | DMA", "Cause: a transfer was being issued by the DMA engine."),
            _entry(
                "dispatch",
                "Cause: an operator was being started, or a unit waited for its clock edge.",
            ),
            _entry(
                "dependency | dependencies",
                "Cause: a load waited for something that no command accounts for.",
            ),
            _entry(
                "parts",
                "For each part of the model of `parts_ps`: its time on the critical path by cause, "
                "and its share of the energy.",
            ),
            _entry("others", "Causes below 0.1 % of the time in every run, added up."),
            _entry(
                "parts_ps | layers | heads | trunk layers | head layers",
                "Critical path by part of the model: layers of the trunk, layers of the prediction "
                "heads, LM head, ...; the first word of the operators' names.",
            ),
        ),
    ),
    Chapter(
        "Inside the DRAM",
        (
            _entry("data_ps | data", "The bus of a channel moves data. Mean over channels."),
            _entry(
                "turnaround_ps | turnaround",
                "The bus changes between reads and writes or between ranks, or waits for tCCD "
                "beyond a burst.",
            ),
            _entry("refresh_ps | refresh", "Banks are refreshed, and the bus waits for that."),
            _entry("activation_ps | activation", "The bus waits for a row to be opened."),
            _entry("idle", "No request is there for the channel."),
            _entry(
                "row_hits | row hits | row_misses | row_conflicts",
                "Bursts whose row was open / whose bank was closed / whose bank had another row "
                "open, each counted once. In tables: hits over all three.",
            ),
            _entry("activates | refreshes", "Commands of that kind, over all channels."),
            _entry(
                "model",
                "Of the memory: row_granular is fast; command_level simulates each command, where "
                "the chip needs it.",
            ),
        ),
    ),
    Chapter(
        "Operator groups",
        (
            _entry("ops | group", "Operators of the same work, over all layers and passes."),
            _entry("kind", "What the operators of a group are: matmul, scores, rms_norm, ..."),
            _entry("count", "Operators executed in a group; or generations drawn."),
            _entry(
                "time_ps | cycles",
                "What a group accounts for on the critical path; groups add up to the decode time. "
                "Cycles are rounded group by group.",
            ),
            _entry("share", "Time of the group over that of the pass."),
            _entry(
                "intensity_macs_per_byte | MACs/B",
                "MACs per DRAM byte of a group; null (-) where no byte moves.",
            ),
            _entry(
                "roofline_bound | roofline",
                "memory or compute: the side of the ridge point that the intensity lies on, known "
                "without simulating; on_chip for work without DRAM bytes and MACs.",
            ),
            _entry("ridge point", "Peak MACs/s over peak bytes/s, in MACs per byte."),
        ),
    ),
    Chapter(
        "How exact",
        (
            _entry(
                "sampling | simulated | passes simulated",
                "How many of the passes were simulated in full; times of the others are "
                "interpolated between them.",
            ),
            _entry(
                "max_error | interpolation error | pass times within",
                "Largest relative difference between an interpolated pass time and the same pass "
                "simulated.",
            ),
            _entry(
                "prefill_layers | prefill_layers_simulated | prefill layers",
                "Layers of the prefill, and how many of them were simulated; equal ones are "
                "extrapolated.",
            ),
        ),
    ),
    Chapter(
        "Over many generations",
        (
            _entry(
                "generations",
                "Further draws of accepted drafts over the same pass times; one run is one draw.",
            ),
            _entry("mean | low | high", "A mean, and its 95 % interval (± half of it in tables)."),
            _entry(
                "tokens_per_pass | mean tokens/pass",
                "Tokens drawn over passes, the last pass of a sequence uncut.",
            ),
            _entry(
                "mean TPOT | decode_s_per_token",
                "TPOT, averaged over sequences. decode_s_per_token is that of the batch, up to the "
                "end of its last sequence.",
            ),
            _entry(
                "tpot_p50_s | tpot_p99_s | TPOT, P50 | TPOT, P99",
                "TPOT that half of the sequences, or 99 of 100, do not exceed (nearest rank).",
            ),
            _entry(
                "itl_p50_s | itl_p99_s | token gap, P50 | token gap, P99",
                "Time between a token and the one before it, over all tokens. Tokens of one pass "
                "arrive together: 0 for all but the first of them.",
            ),
            _entry(
                "mean speed-up",
                "decode_s_per_token of the baseline over that of the run.",
            ),
        ),
    ),
    Chapter(
        "Energy, power and area, to first order",
        (
            _entry(
                "energy | consumer | prefill_j | energy of prefill",
                "Joules by consumer (DRAM rows opened, bits moved, background and refresh; SRAM; "
                "array; vector unit; static), of decoding (`decode`) and of reading the prompt. "
                "Counts of the simulation times figures per event, each with a source.",
            ),
            _entry(
                "value | low | high | pj | low_pj | high_pj | at least | at most",
                "A figure and its worst cases: every uncertain figure behind it at its lowest, or "
                "at its highest.",
            ),
            _entry("decode_j", "Energy of all decode passes, in joules."),
            _entry(
                "j_per_token | energy/token | energy per token | energy per accepted token",
                "`decode_j` over the tokens that decoding emits, over all sequences: accepted "
                "drafts, and one more token for each pass. What is kept pays for what is rejected.",
            ),
            _entry(
                "j_per_row | energy/row | rows",
                "`decode_j` over the query rows of the passes that emit tokens: of each token that "
                "the model computes, kept or not. A row that is kept brings one token.",
            ),
            _entry(
                "rejected_rows | rows rejected",
                "Rows that bring no token: drafts that were rejected or cut off by the end of the "
                "output, other branches of a tree, and sequences that wait for the last of their "
                "batch. In tables, their part of all rows.",
            ),
            _entry(
                "rejected_j | their energy",
                "The part of rejected rows in the energy of array and vector unit, which grows "
                "with the rows (`rejected_rows` / `rows` of it). DRAM is not in it: a pass reads "
                "weights once for all its rows. In tables, its part of all energy.",
            ),
            _entry(
                "energy_pj",
                "An operator group's or a part's share of each consumer's energy, in pJ: rows, "
                "bits, bytes, MACs and elements to whoever caused them; background, refresh and "
                "static by time on the critical path. Shares add up to the run's. In ops.csv, "
                "their sum; in tables, that of a mean pass.",
            ),
            _entry(
                "j_per_pass | energy/pass",
                "`decode_j` over the passes that emit tokens, draft passes before them included.",
            ),
            _entry("mean_power_w | mean power", "`decode_j` over the decode time, in watts."),
            _entry("dram_share | DRAM's share", "The DRAM's part of `decode_j`, 0 to 1."),
            _entry(
                "area_mm2 | phy | total | area",
                "mm2 of SRAM, array and DRAM pins (`phy`), and together; other parts of a chip are "
                "not counted.",
            ),
        ),
    ),
    Chapter(
        "Changes that are enough, and points of a sweep",
        (
            _entry(
                "cost | cost_unit",
                "Of a changed chip, what its changes cost: mm2, data pins, or weights by knob.",
            ),
            _entry(
                "dram_io_w",
                "Power that the bits of a rate take at the DRAM's pins, whatever the chip: bytes "
                "per second x 8 x energy of a bit.",
            ),
            _entry(
                "power_w",
                "Mean power while decoding as fast as the chip can, DRAM included, with the "
                "expected tokens; of a goal, the most that is allowed.",
            ),
            _entry(
                "tokens_per_s | step_s | tokens_per_step",
                "Expected tokens of a decode step, its time with the draft passes in it, and their "
                "quotient over all sequences.",
            ),
            _entry(
                "energy_per_token_j | dram_bytes_per_token",
                "What a decode step takes over the tokens that it is expected to emit.",
            ),
            _entry(
                "best | best.run",
                "The run with the most tokens per second; `best.tpot_s` is that of this run.",
            ),
            _entry(
                "place | point",
                "Number of a point in the order of its study, from 0; tables have it as #17.",
            ),
            _entry(
                "status",
                "Of a point: done, excluded (no such chip, no room, or a limit), failed (an error, "
                "or its process died), timed_out.",
            ),
            _entry("reason", "Why a point has no result."),
            _entry("settings", "What a point sets in its chip and workload, by dotted key."),
            _entry("objectives", "Metrics that are to be large or small, and which of both."),
            _entry(
                "front | on_front | Pareto front",
                "The simulated points that no other beats: better in one objective, worse in none. "
                "Of points that are equal in all objectives the first one.",
            ),
            _entry(
                "hypervolume",
                "Volume of all objectives that a front beats, up to a reference point: the larger, "
                "the better the front.",
            ),
            _entry(
                "share of the variance",
                "Part of the variance of an objective over the points that is between the means of "
                "an axis's levels: on a full grid its first-order Sobol index, else eta squared.",
            ),
        ),
    ),
    Chapter(
        "Further terms",
        (
            _entry("prefill | decode", "Reading the prompt; generating after it."),
            _entry(
                "tile | fold | fill | drain",
                "A part of an operator that is computed at once; one mapping of it on the array, "
                "cycles until that is full, and until it is empty again.",
            ),
            _entry("descriptor", "One transfer between DRAM and SRAM, as the DMA engine has it."),
        ),
    ),
)


def matching(term: str) -> tuple[Entry, ...]:
    """The entries that a term names, whatever the case; else those with it in a name."""
    entries = [entry for chapter in GLOSSARY for entry in chapter.entries]
    wanted = term.casefold()
    exact = [one for one in entries if wanted in (name.casefold() for name in one.names)]
    near = [one for one in entries if any(wanted in name.casefold() for name in one.names)]
    return tuple(exact or near)


def glossary_text(entries: tuple[Entry, ...]) -> str:
    """Entries as lines for a terminal: names, then the meaning below them."""
    indent = " " * 4
    return "\n".join(
        f"{_names(one)}\n{fill(one.meaning, 80, initial_indent=indent, subsequent_indent=indent)}"
        for one in entries
    )


def glossary_markdown() -> str:
    """The whole glossary as a page of the docs."""
    lines = [
        "# Glossary",
        "",
        "Made by `accsim glossary --markdown`; `accsim glossary TERM` looks one up. Names with",
        "underscores are keys of [the result](result.md), or causes.",
    ]
    for chapter in GLOSSARY:
        lines += ["", f"## {chapter.title}", "", "| name | meaning |", "|---|---|"]
        lines += [f"| {_names(one)} | {one.meaning} |" for one in chapter.entries]
    return "\n".join(lines) + "\n"


def _names(entry: Entry) -> str:
    # Some names have commas.
    return "; ".join(entry.names)
