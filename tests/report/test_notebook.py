"""What a notebook shows of a result, and its operators as records and as a table."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest

import accsim.report.notebook
from accsim.display import as_html
from accsim.errors import InputError

from .results import generations, result, run, shares


def shown(html: str | None) -> str:
    """The text of HTML, cells with blanks between."""
    assert html is not None
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


BASE = run("ordinary", pass_ms=100, passes=100)
HEADS = run("heads", pass_ms=110, passes=40, bound="array")


def test_a_result_shows_its_headline_and_a_line_for_each_run() -> None:
    # 100 tokens in 40 passes of 110 ms: 44 ms each, over 100 ms.
    text = shown(result(BASE, HEADS)._repr_html_())
    assert text.startswith("heads decodes 2.27x as fast as ordinary on ddr_npu: ")
    assert "ordinary 10 baseline 1 token 100 ms 2.5 s " in text
    assert "heads 22.73 2.273x 2.5 tokens 110 ms 2.5 s " in text


def test_means_of_generations_are_shown_where_they_were_drawn() -> None:
    # The one draw brought 2.5 tokens per pass, the mean of all is 2: 55 ms for each token.
    drawn = replace(HEADS, generations=generations(2.0, 110, speedup=1.8))
    base = replace(BASE, generations=generations(1.0, 100))
    assert "heads 18.18 1.800x 2 tokens 110 ms" in shown(result(base, drawn)._repr_html_())


def test_a_bar_has_the_causes_side_by_side_and_says_them() -> None:
    html = as_html(result(BASE, HEADS))
    assert html is not None
    # 80 % and 20 % of 160 px.
    assert html.count('<rect x="0.00" width="128.00"') == 2
    assert html.count('<rect x="128.00" width="32.00"') == 2
    assert 'aria-label="DRAM 80.0 %, DMA 20.0 %"' in html
    assert "<title>array 80.0 %</title>" in html


def test_the_legend_has_the_causes_that_some_bar_shows() -> None:
    slight = run("slight", 100, 100, bound_share=shares(dram=0.9995, vector=0.0005))
    assert shown(as_html(result(slight))).endswith("■ DRAM")
    assert shown(as_html(result(BASE, HEADS))).endswith("■ DRAM ■ array ■ DMA")


def test_names_from_files_stay_text_and_nothing_is_run() -> None:
    evil = "</td><script>alert(1)</script>"
    html = as_html(result(run(evil, 100, 100), chip=evil))
    assert html is not None
    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html
    assert "<style" not in html


def test_a_recording_that_ended_early_is_told() -> None:
    short = run("short", 100, 100, asked_tokens=200)
    assert "The recording of short ends after 101 of 200 output tokens." in shown(
        as_html(result(short))
    )


def test_a_value_that_nobody_draws_shows_nothing() -> None:
    assert as_html(BASE) is None


def test_records_are_flat_one_for_each_run_and_group() -> None:
    records = result(BASE, HEADS).to_records()
    assert [(one["run"], one["name"]) for one in records] == [
        ("ordinary", "qkv"),
        ("ordinary", "gate_up"),
        ("heads", "qkv"),
        ("heads", "gate_up"),
    ]
    # 40 passes of 110 ms, 80 % of it the array's.
    assert records[3]["array_ps"] == records[3]["array_compute_ps"] == 3520 * 10**9
    assert records[3]["dram_ps"] == records[3]["array_fill_drain_ps"] == 0
    assert all(not isinstance(value, dict) for value in records[3].values())


def test_pandas_gets_the_records() -> None:
    pytest.importorskip("pandas", reason="needs pandas: pip install '.[pandas]'")
    answer = result(BASE, HEADS)
    table = answer.to_pandas()
    assert list(table.columns) == list(answer.to_records()[0])
    assert table[table.run == "heads"].time_ps.sum() == 4400 * 10**9


def test_without_pandas_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError) as refused:
        result(BASE).to_pandas()
    assert str(refused.value) == ("Result.to_pandas: needs the extra: pip install 'accsim[pandas]'")


def test_drawing_is_registered_by_the_module_that_draws() -> None:
    assert as_html.dispatch(type(result(BASE))) is accsim.report.notebook.result_html
