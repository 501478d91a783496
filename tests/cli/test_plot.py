"""``accsim plot``: the pages that it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from accsim.cli.main import cli

from .conftest import accsim


def page(*arguments: str | Path) -> str:
    """The page that a command writes."""
    output = Path(arguments[-1])
    done = CliRunner().invoke(cli, ["plot", *map(str, arguments[:-1]), "-o", str(output)])
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert f"wrote {output}\n" in done.stderr
    return output.read_text(encoding="utf-8")


def test_the_cost_of_rows_is_drawn(inputs: Path) -> None:
    text = page(
        "cost", inputs / "chip.yaml", inputs / "work.yaml", "--rows", "3", "--context", "64",
        inputs / "p.html",
    )  # fmt: skip
    assert "<title>pocket_text on pocket</title>" in text
    assert "<h2>pocket: 3 rows cost " in text
    assert "the model of pocket_text, 64 tokens in the cache of one sequence" in text


def test_a_context_beyond_the_model_is_refused(inputs: Path) -> None:
    chip, work, output = (str(inputs / name) for name in ("chip.yaml", "work.yaml", "p.html"))
    done = accsim("plot", "cost", chip, work, "--rows", "2", "--context", "99999", "-o", output)
    assert done.returncode == 2
    assert done.stderr == (
        "pocket_text: 99999 cached tokens and 2 rows are more than the 100000 positions of "
        f"{inputs.name}\n"
    )
    assert not Path(output).exists()


def test_the_roofline_of_a_saved_result_is_that_of_its_runs(inputs: Path) -> None:
    chip, work = inputs / "chip.yaml", inputs / "work.yaml"
    (inputs / "result.json").write_text(accsim("run", chip, work, "--json").stdout)
    saved = page("roofline", inputs / "result.json", inputs / "a.html")
    simulated = page("roofline", chip, work, inputs / "b.html")
    assert "<title>pocket_text on pocket</title>" in saved
    assert "two_heads" in saved
    assert saved == simulated


def test_whether_drafting_pays_is_drawn_as_by_breakeven(inputs: Path) -> None:
    chip, work = inputs / "chip.yaml", inputs / "work.yaml"
    places = ("--contexts", "16", "--batches", "1")
    text = page("breakeven", chip, work, *places, inputs / "a.html")
    other = inputs / "b.html"
    assert accsim("breakeven", chip, work, *places, "--plot", other).returncode == 0
    assert "two_heads: speed-up by k" in text
    assert text == other.read_text(encoding="utf-8")


def test_the_memory_is_drawn_with_all_patterns(
    inputs: Path, memory_asked: list[tuple[str, int]]
) -> None:
    text = page("dram", inputs / "chip.yaml", "--bytes", "65536", inputs / "p.html")
    assert "<title>pocket: the memory alone</title>" in text
    names = ("sequential", "streams", "mixed", "random", "strided")
    assert memory_asked == [(name, 65536) for name in names]
    assert all(name in text for name in names)


def test_less_than_a_round_of_a_pattern_is_refused(inputs: Path) -> None:
    done = accsim("plot", "dram", inputs / "chip.yaml", "--bytes", "8192", "-o", inputs / "p.html")
    assert done.returncode == 2
    assert "8192 is less than one round of streams, 16384." in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("plot", "dram", "ddr_npu", "-o"),
        ("plot", "roofline", "ddr_npu", "llama2_mtp", "-o"),
        ("dram", "ddr_npu", "--plot"),
        ("breakeven", "ddr_npu", "llama2_mtp", "--plot"),
        ("run", "ddr_npu", "llama2_mtp", "--report"),
        ("report", ".", "-o"),
    ],
)
def test_only_pages_are_written(arguments: tuple[str, ...], tmp_path: Path) -> None:
    picture = str(tmp_path / "x.svg")
    done = CliRunner().invoke(cli, [*arguments, picture])
    assert done.exit_code == 2
    assert f"{picture!r} does not end in .html: only a page can be written." in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["cost", "roofline", "breakeven", "dram"])
def test_a_page_that_cannot_be_written_is_refused_before_the_work(
    kind: str, tmp_path: Path
) -> None:
    output = tmp_path / "none" / "p.html"
    workload = [] if kind == "dram" else ["no_workload"]
    done = accsim("plot", kind, "no_chip", *workload, "-o", output)
    assert done.returncode == 2
    assert done.stderr == f"{output}: cannot be written: No such file or directory\n"
