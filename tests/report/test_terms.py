"""Labels lead to the glossary, and the page tells what those mean that it used."""

from __future__ import annotations

from accsim.report.terms import Terms
from accsim.report.wording import DETAIL_NAMES


def test_a_known_label_is_a_link_that_shows_its_meaning() -> None:
    made = Terms().link("TPOT")
    assert made.startswith('<a href="#term-')
    assert 'title="Time per output token of a sequence: ' in made
    assert made.endswith(' class="term">TPOT</a>')


def test_an_unknown_label_is_text() -> None:
    terms = Terms()
    assert terms.link("<no such term>") == "&lt;no such term&gt;"
    assert terms.glossary() == "<dl></dl>"


def test_the_chapter_decides_between_meanings() -> None:
    terms = Terms()
    used = terms.link("array", "Utilization")
    cause = terms.link("array", "Causes of time on the critical path")
    assert "Cause: " not in used
    assert "Cause: " in cause


def test_the_glossary_has_what_was_linked_to_once_and_in_its_order() -> None:
    terms = Terms()
    places = [terms.link(label).split('"')[1] for label in ("MACs", "TPOT", "TPOT")]
    made = terms.glossary()
    assert made.count("<dt ") == 2
    assert made.index(f'id="{places[1][1:]}"') < made.index(f'id="{places[0][1:]}"')
    assert "tpot_s; TPOT</dt><dd>Time per output token" in made


def test_names_of_keys_are_code_in_the_glossary_and_plain_in_the_hint() -> None:
    terms = Terms()
    assert 'title="decode_j over the decode time, in watts."' in terms.link("mean power")
    assert "<dd><code>decode_j</code> over the decode time, in watts.</dd>" in terms.glossary()


def test_every_part_of_a_cause_has_a_meaning() -> None:
    for name in DETAIL_NAMES.values():
        assert Terms().link(name) != name
