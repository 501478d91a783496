"""One operator in plain sentences, with the numbers put into the formulas.

Names come from files, so everything is printed as plain `Text`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from accsim.explanation import ArrayWork, Line, OpExplanation, PassExplanation, VectorWork
from accsim.mapping import AttentionMapping, MatmulMapping
from accsim.report.explain import dram_sentence, pass_title
from accsim.report.mapping_words import PLACES, counted, cut_words, mapping_words, pin_lines
from accsim.report.metrics import percent
from accsim.report.wording import CAUSE_NAMES, DETAIL_NAMES
from accsim.units import show_count, show_rate, show_time

ATTENTION = ("scores", "softmax", "attend")
"""Three operators in a row that are cut as one."""


def print_operator(
    told: PassExplanation, line: Line, op: OpExplanation, match: str, console: Console
) -> None:
    """Print what is known of an operator.

    Args:
        told: the pass.
        line: the operator and those that are alike.
        op: the operator.
        match: the name or pattern by which the lines of a mapping file are to pin it.
        console: where to print.
    """
    parts = (
        ("DRAM", _dram(told, op)),
        ("Array", _array(told, op.array) if op.array else ()),
        ("Vector unit", _vector(told, op.vector) if op.vector else ()),
        ("Mapper", _mapper(told, op)),
    )
    console.print()
    console.print(Text(f"{op.name}: {_shape(op)}", style="bold"))
    console.print(Text(pass_title(told)))
    console.print(Text(f"{_alike(line)}{_cut(op)}"))
    console.print(Text(verdict(told, op), style="bold"))
    for title, sentences in parts:
        lines = list(sentences)
        if lines:
            console.print()
            console.print(Text(title, style="bold"))
        for sentence in lines:
            text = sentence.lstrip()
            console.print(Padding(Text(text), (0, 0, 0, 2 + len(sentence) - len(text))))
    _print_exact(console, "Critical path: what the pass waits for", _causes(op))
    if op.mapping is not None:
        _print_exact(console, "To pin this mapping (--mapping FILE)", pin_lines(told, match, op))
    console.print()


def _print_exact(console: Console, title: str, lines: list[str]) -> None:
    """Lines that are not to be wrapped, under a title."""
    console.print()
    console.print(Text(title, style="bold"))
    indent = "" if lines[0] == "ops:" else "  "
    for line in lines:
        console.print(Text(indent + line), soft_wrap=True)


WAITS = {
    "dram": "the DRAM to move its bytes",
    "array": "the array to compute it",
    "vector": "the vector unit to compute it",
    "sram": "room in the SRAM for its loads",
    "sram_bandwidth": "the SRAM to hand its operands on",
    "dma": "the DMA engine to issue its transfers",
    "dispatch": "it to be started",
    "dependency": "something that no command accounts for",
}
"""What a pass waits for, as the end of a sentence."""
TOLD_SHARE = 0.05
"""A wait with a smaller share of the operator's time is not told in the verdict."""


def verdict(told: PassExplanation, op: OpExplanation) -> str:
    """How long the pass waits for an operator, and for what of it."""
    if not op.time_ps:
        return "The pass never waits for it: other operators take longer while it is done."
    causes = sorted(op.causes_ps.items(), key=lambda item: -item[1])
    noted = [(cause, ps) for cause, ps in causes if ps >= TOLD_SHARE * op.time_ps]
    part_of_pass = percent(op.time_ps / told.elapsed_ps)
    whole = f"The pass waits {show_time(op.time_ps)} for it, {part_of_pass} of its time"
    if len(noted) == 1:
        cause, ps = noted[0]
        part = "all" if ps == op.time_ps else percent(ps / op.time_ps)
        return f"{whole}: {part} of that for {WAITS[cause]}."
    waits = [f"{percent(ps / op.time_ps)} for {WAITS[cause]}" for cause, ps in noted]
    return f"{whole}: {', '.join(waits)}."


def _cut(op: OpExplanation) -> str:
    """How the operator is cut, and where what it works on lies."""
    blocks = " (rows x inputs x outputs)" if isinstance(op.mapping, MatmulMapping) else ""
    first, _, rest = cut_words(op).partition(",")
    activations = f"activations from {PLACES[op.inputs]} to {PLACES[op.outputs]}"
    return f"Cut into {first}{blocks}{',' if rest else ''}{rest}; {activations}."


def _alike(line: Line) -> str:
    return "" if len(line.ops) == 1 else f"One of {len(line.ops)} alike ({line.name}). "


def _shape(op: OpExplanation) -> str:
    if op.kind == "matmul":
        return (
            f"matmul of {op.rows:,} x {op.inner:,} inputs and {op.inner:,} x {op.outer:,} weights"
        )
    if op.kind in ATTENTION and op.attention is not None:
        shape = op.attention
        return (
            f"{op.kind} of {counted(shape.sequences, 'sequence')} with "
            f"{counted(shape.rows, 'query row')}, {shape.query_heads} query heads and "
            f"{shape.kv_heads} KV heads of {shape.head_dim}"
        )
    return f"{op.kind} of {counted(op.rows, 'row')}"


def _dram(told: PassExplanation, op: OpExplanation) -> Iterator[str]:
    dram = op.dram
    needed = {
        "weights": dram.needed.weights,
        "keys and values": dram.needed.kv_cache,
        "spilled activations": dram.needed.spilled,
    }
    parts = [f"{size:,} B of {what}" for what, size in needed.items() if size]
    if not dram.moved_bytes:
        yield "Moves no byte through the DRAM."
        return
    rate = show_rate(told.peak_dram_bytes_per_s)
    if parts:
        yield (
            f"Needs {' + '.join(parts)}: {dram.needed.total:,} B / {rate} = "
            f"{show_time(dram.needed_pins_ps)} at the pins' peak."
        )
    moved = (
        f"Moves {dram.moved_bytes:,} B in {counted(dram.loads, 'load')} and "
        f"{counted(dram.stores, 'store')}"
    )
    if dram.moved_bytes == dram.needed.total:
        yield f"{moved}: each byte once."
    else:
        times = f" ({dram.moved_bytes / dram.needed.total:.3f}x)" if dram.needed.total else ""
        yield (
            f"{moved}, {dram.moved_bytes - dram.needed.total:,} B more than needed{times}: "
            f"{show_time(dram.moved_pins_ps)} at the pins' peak."
        )
    yield (
        f"The DRAM served it for {show_time(dram.busy_ps)}, "
        f"{dram.busy_ps / dram.moved_pins_ps:.3f}x the pins' time. {dram_sentence(told)}"
    )


def _array(told: PassExplanation, work: ArrayWork) -> Iterator[str]:
    clock = show_count(told.clock_hz, "Hz")
    yield (
        f"{work.macs:,} MACs / {work.macs_per_cycle:,} MACs a cycle at {clock} = "
        f"{show_time(work.peak_ps)} at its peak."
    )
    sizes = " x ".join(f"{size:,}" for size in work.first)
    formula = work.formula
    if formula is None:
        yield f"The first tile, {sizes}, takes {work.first_cycles:,} cycles."
    else:
        each = " for each KV head" if work.turns > 1 else ""
        yield f"The first tile, {sizes}{each}, takes {formula.symbols} cycles"
        yield f"  = {formula.numbers} = {formula.cycles:,}{each}"
        for term in formula.terms:
            yield f"  where {term}"
        if work.turns > 1:
            yield f"{work.turns} of them one after the other: {work.first_cycles:,} cycles."
        if formula.drain_cycles:
            yield f"In the last {formula.drain_cycles:,} the array takes the next tile already."
    yield (
        f"{counted(work.tiles, 'tile')} {_occupy(work.tiles)} the array for {work.cycles:,} "
        f"cycles; with waits for SRAM bandwidth {show_time(work.busy_ps)}, {_over(work)}."
    )


def _occupy(tiles: int) -> str:
    return "occupies" if tiles == 1 else "occupy"


def _over(work: ArrayWork) -> str:
    if not work.peak_ps:
        return "no MACs"
    useful = percent(work.peak_ps / work.busy_ps)
    return (
        f"{work.busy_ps / work.peak_ps:.3g}x what they take at its peak: {useful} of the MACs that "
        "it could do meanwhile are useful ones"
    )


def _vector(told: PassExplanation, work: VectorWork) -> Iterator[str]:
    yield (
        f"{work.passes} {'pass' if work.passes == 1 else 'passes'} over {work.rounds:,} rounds "
        f"of {work.lanes} lanes + {work.latency_cycles} cycles of latency: "
        f"{work.passes} x {work.rounds:,} + {work.latency_cycles} = {work.first_cycles:,} cycles "
        f"for the first tile."
    )
    yield (
        f"{counted(work.tiles, 'tile')} {_occupy(work.tiles)} the unit for {work.cycles:,} cycles, "
        f"{show_time(work.busy_ps)}."
    )


def _mapper(told: PassExplanation, op: OpExplanation) -> Iterator[str]:
    """What was chosen, and the estimate beside what came of it."""
    if op.mapping is None or op.choice is None:
        if op.kind in ATTENTION:
            yield "Cut as its scores operator says: explain that one to see how."
        return
    choice = op.choice
    parts = _sharing(told, op)
    left = f" left by {told.mapping}" if choice.pinned else ""
    yield (
        f"Candidates{left}: {choice.candidates:,}; fitting the SRAM: {choice.fitting:,}; chosen: "
        f"{mapping_words(op.mapping, op.inputs)}."
    )

    def shown(cycles: float) -> str:
        return show_time(cycles * 1e12 / told.clock_hz)

    waits = f" + {shown(choice.exposed_cycles)} for late blocks" if choice.exposed_cycles else ""
    vector = f", vector unit {shown(choice.vector_cycles)}" if choice.vector_cycles else ""
    whole = (
        " (softmax and attend too; of DRAM bytes keys and values only)" if len(parts) > 1 else ""
    )
    yield (
        f"Its estimate{whole}: DRAM {shown(choice.dram_cycles)}, array "
        f"{shown(choice.array_cycles)}{waits}{vector}; the slowest counts, {shown(choice.cycles)}."
    )
    dram = sum(part.dram.busy_ps for part in parts)
    array = sum(part.array.busy_ps for part in parts if part.array)
    softmax = sum(part.vector.busy_ps for part in parts if part.vector)
    busy = f", vector unit {show_time(softmax)}" if choice.vector_cycles else ""
    path = sum(part.time_ps for part in parts)
    yield (
        f"Simulated: DRAM {show_time(dram)}, array {show_time(array)}{busy}; "
        f"{show_time(path)} of the critical path."
    )


def _sharing(told: PassExplanation, op: OpExplanation) -> tuple[OpExplanation, ...]:
    """The operators that the estimate is of."""
    if not isinstance(op.mapping, AttentionMapping):
        return (op,)
    at = told.ops.index(op)
    return told.ops[at : at + len(ATTENTION)]


def _causes(op: OpExplanation) -> list[str]:
    """The time on the critical path by cause, in ps; the causes add up to the last line.

    Below a cause of which more than one part took time stand those parts, indented.
    """
    if not op.time_ps:
        return ["0 ps: it is never what the pass waits for"]
    waits: dict[str, int] = {}
    for cause, time in op.causes_ps.items():
        if time:
            waits[CAUSE_NAMES[cause]] = time
        parts = {part: ps for part, ps in op.causes_detail_ps.get(cause, {}).items() if ps}
        if len(parts) > 1:
            waits |= {f"  {DETAIL_NAMES[part]}": ps for part, ps in parts.items()}
    width, digits = max(map(len, (*waits, "together"))), len(f"{op.time_ps:,}")
    lines = [
        f"{name:{width}}  {time:>{digits},} ps  {percent(time / op.time_ps):>7}"
        for name, time in waits.items()
    ]
    return [*lines, f"{'together':{width}}  {op.time_ps:>{digits},} ps"]
