"""``--trace-window``: how it is written, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

from accsim.cli.window import TimeWindow

from .conftest import accsim


@pytest.mark.parametrize(
    ("text", "window_ps"),
    [
        ("0ms:5ms", (0, 5_000_000_000)),
        ("1.5us:0.002ms", (1_500_000, 2_000_000)),
        ("7ps : 1 s", (7, 10**12)),
        ("0.0009ns:3ns", (0, 3_000)),
    ],
)
def test_times_have_units_and_become_picoseconds(text: str, window_ps: tuple[int, int]) -> None:
    assert TimeWindow().convert(text, None, None) == window_ps


@pytest.mark.parametrize("text", ["5ms", "0:5ms", "0ms:5", "1ms:2ms:3ms", "-1ms:2ms", "1/2ms:2ms"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        TimeWindow().convert(text, None, None)
    assert refused.value.message == (
        f"{text!r} is not T0:T1, each with ps, ns, us, ms or s, such as 0ms:5ms."
    )


@pytest.mark.parametrize("text", ["2ms:1ms", "1ms:1000us"])
def test_an_empty_window_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        TimeWindow().convert(text, None, None)
    assert refused.value.message == f"{text!r} is empty: T0 must be below T1."


def test_a_run_writes_the_window_of_its_pass(inputs: Path) -> None:
    files = (inputs / "chip.yaml", inputs / "work.yaml")
    done = accsim("run", *files, "--out", inputs / "out", "--trace-window", "1us:2us")
    assert done.returncode == 0, done.stderr
    trace = Trace.FromString((inputs / "out" / "pass.pftrace").read_bytes())
    assert trace.packet[0].track_descriptor.name.startswith("1 us to 2 us of pocket: pass ")
    begun = [packet.timestamp for packet in trace.packet if packet.track_event.name]
    assert begun
    assert max(begun) < 2000


def test_a_window_beyond_the_pass_is_refused_before_the_run(inputs: Path) -> None:
    files = (inputs / "chip.yaml", inputs / "work.yaml")
    done = accsim("run", *files, "--out", inputs / "out", "--trace-window", "5s:6s")
    assert done.returncode == 2
    assert "Invalid value for --trace-window: the pass has ended by then: it takes " in done.stderr
    assert not (inputs / "out").exists()


def test_a_window_needs_a_folder() -> None:
    done = accsim("run", "ddr_npu", "llama2_mtp", "--trace-window", "1us:2us")
    assert done.returncode == 2
    assert "--trace-window needs --out DIR: it is about a file written there." in done.stderr
