"""The report on a training step: what each run costs against the baseline, and what bounds it."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from accsim.report.metrics import Row, Section, percent
from accsim.report.terminal import runs_tables
from accsim.report.wording import CAUSE_NAMES, NOTED_SHARE
from accsim.result import CAUSES
from accsim.training_result import AgainstBaseline, TrainingResult, TrainingRunResult
from accsim.units import show_bytes, show_capacity, show_count, show_rate, show_time


def print_training(result: TrainingResult, console: Console) -> None:
    """Print the whole report; as many runs side by side as the console is wide."""
    console.print()
    console.print(Text(headline(result), style="bold"))
    console.print()
    console.print(Text(_setting(result), style="dim"))
    names = [run.name for run in result.runs]
    for table in runs_tables(names, sections(result), console.width):
        console.print()
        console.print(table)
    console.print()


def headline(result: TrainingResult) -> str:
    """How long the baseline takes, and what every other run adds to it."""
    ratios = result.against_baseline()
    base = next(run for run in result.runs if run.name == result.baseline)
    others = [run for run in result.runs if run is not base]
    first = (
        f"A training step of {base.name} takes {_seconds(base.step_s)} on {result.chip}, "
        f"bound by {CAUSE_NAMES[base.bound]}."
    )
    if not others:
        return first
    told = [f"{run.name} {_added(ratios[run.name])}" for run in others]
    return f"{first} Against it: {'; '.join(told)}."


def _added(ratio: AgainstBaseline) -> str:
    return (
        f"compute {change(ratio.macs)}, activation memory {change(ratio.activation_bytes)}, "
        f"time {change(ratio.step_s)}"
    )


def change(ratio: float) -> str:
    """A ratio as what it adds: ``+5.7 %``."""
    return f"{100 * (ratio - 1):+.1f} %"


def _seconds(seconds: float) -> str:
    return show_time(seconds * 1e12)


def _setting(result: TrainingResult) -> str:
    tokens = f"{result.batch} x {result.sequence_tokens} tokens"
    return (
        f"{result.chip}: DRAM {show_rate(result.peak_dram_bytes_per_s)}, "
        f"{show_count(result.peak_macs_per_s, 'MAC/s')}, SRAM {show_capacity(result.sram_bytes)}, "
        f"{show_count(result.clock_hz, 'Hz')}. Workload {result.workload}, {tokens}, "
        f"{result.precision}; forward and backward, without the optimiser and its states."
    )


def sections(result: TrainingResult) -> tuple[Section, ...]:
    """All figures, runs side by side."""
    runs, ratios = result.runs, result.against_baseline()

    def row(label: str, show: Callable[[TrainingRunResult], str]) -> Row:
        return Row(label, tuple(show(run) for run in runs))

    def against(label: str, figure: Callable[[AgainstBaseline], float]) -> Row:
        def show(run: TrainingRunResult) -> str:
            return "baseline" if run.name == result.baseline else change(figure(ratios[run.name]))

        return row(label, show)

    return (
        Section(
            "Against the baseline",
            (
                against("MACs, causal", lambda one: one.macs),
                against("MACs, all pairs", lambda one: one.macs_full_attention),
                against("DRAM bytes", lambda one: one.dram_bytes),
                against("activation memory", lambda one: one.activation_bytes),
                against("parameters", lambda one: one.parameters),
                against("step time", lambda one: one.step_s),
            ),
        ),
        Section(
            "Step",
            (
                row("time", lambda run: _seconds(run.step_s)),
                row("tokens/s", lambda run: f"{run.tokens_per_s:.4g}"),
                row("floor, DRAM bytes", lambda run: _seconds(run.memory_floor_s)),
                row("floor, MACs", lambda run: _seconds(run.compute_floor_s)),
                row("time over floor", lambda run: f"{run.step_s / run.floor_s:.3f}x"),
                row("MACs, causal", lambda run: show_count(run.macs)),
                row("MACs made again", lambda run: show_count(run.remade_macs)),
                row("DRAM read", lambda run: show_bytes(run.dram_read_bytes)),
                row("DRAM written", lambda run: show_bytes(run.dram_write_bytes)),
            ),
        ),
        Section(
            "Memory at its peak",
            (
                row("activations, logits", lambda run: show_bytes(run.memory.activation_bytes)),
                row(" of that, logits", lambda run: show_bytes(run.memory.logits_bytes)),
                row("weights", lambda run: show_bytes(run.memory.parameter_bytes)),
                row("their gradients", lambda run: show_bytes(run.memory.gradient_bytes)),
            ),
        ),
        Section("Critical path by cause", _cause_rows(runs)),
        Section(
            "Work",
            (
                row("layers, trunk + heads", lambda run: f"{run.trunk_layers}+{run.heads}"),
                row("heads live", lambda run: run.heads_live.replace("_", " ")),
                row("attention", lambda run: run.attention),
                row("layers simulated", lambda run: f"{run.layers_simulated} of {run.layers}"),
            ),
        ),
    )


def _cause_rows(runs: tuple[TrainingRunResult, ...]) -> tuple[Row, ...]:
    return tuple(
        Row(CAUSE_NAMES[cause], tuple(percent(run.bound_share[cause]) for run in runs))
        for cause in CAUSES
        if max(run.bound_share[cause] for run in runs) >= NOTED_SHARE
    )
