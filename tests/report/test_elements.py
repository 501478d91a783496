"""Pieces of pages: text is escaped wherever it stands, also inside JSON."""

from __future__ import annotations

import json

from accsim.report.elements import Html, folded, html, join, json_script, table, tag

EVIL = "</script><b>&\"'"


def test_text_is_escaped_and_html_is_not() -> None:
    assert html("<b>") == "&lt;b&gt;"
    assert html(Html("<b>")) == "<b>"
    assert join(["<", Html("<i>")], " ") == "&lt; <i>"


def test_attributes_are_escaped_and_named_as_html_names_them() -> None:
    made = tag("a", "x", class_="term", data_run='"><b>')
    assert made == '<a class="term" data-run="&quot;&gt;&lt;b&gt;">x</a>'


def test_json_can_neither_end_its_element_nor_change() -> None:
    made = json_script("id", {EVIL: [EVIL]})
    inside = made.removeprefix('<script type="application/json" id="id">').removesuffix("</script>")
    assert not set("<>&") & set(inside)
    assert json.loads(inside) == {EVIL: [EVIL]}


def test_a_table_has_headings_for_rows_columns_and_groups() -> None:
    made = table("of <things>", ["", "a"], [("", [("x", "1")]), ("more", [("<y>", "2")])])
    assert "<caption>of &lt;things&gt;</caption>" in made
    assert '<th scope="col">a</th>' in made
    assert '<tr><th scope="row">x</th><td>1</td></tr>' in made
    assert '<th scope="rowgroup" colspan="2" class="group">more</th>' in made
    assert '<tr><th scope="row">&lt;y&gt;</th><td>2</td></tr>' in made


def test_a_wide_table_can_be_scrolled_with_the_keyboard() -> None:
    made = table("name", ["a"], [])
    assert made.startswith('<div class="scroll" tabindex="0" role="region" aria-label="name">')


def test_what_is_folded_says_whether_it_is_open_and_whether_it_is_long() -> None:
    assert folded("more", "x") == "<details><summary>more</summary>x</details>"
    assert folded("more", open_=True).startswith('<details open="">')
    assert folded("more", long=True).startswith('<details class="long">')
