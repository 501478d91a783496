"""``accsim sweep report`` and ``accsim plot pareto``: pages of a sweep, reports of its points."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sweep.found import STUDY, write_found

import accsim
from accsim.cli.main import cli
from accsim.config.sweep_file import load_study
from accsim.errors import InputError
from accsim.evaluation import evaluate
from accsim.study import Axis, Point, Row, Study
from accsim.sweep.space import Space
from accsim.sweep.store import open_store
from accsim.sweep.tasks import task_of

from .conftest import write_inputs

TEXT = """\
name: pockets
chip: chip.yaml
workload: work.yaml
axes:
  chip.memory.channels: [1, 2]
objectives: {two_heads.tokens_per_s: maximise, area_mm2: minimise}
"""


def invoke(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, words)))


def page_data(page: str) -> dict[str, Any]:
    """What the scripts of a page work on."""
    found = re.search(r'<script type="application/json" id="sweep-data">(.*?)</script>', page)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of two points, with their files beside it."""
    folder = tmp_path_factory.mktemp("folder_of_somebody")
    write_inputs(folder)
    (folder / "study.yaml").write_text(TEXT)
    study = load_study(str(folder / "study.yaml"))
    space = Space(study.axes)
    with open_store(folder / "s.sqlite", study, TEXT, resume=False) as store:
        for place in range(space.size):
            task = task_of(study, space.at(place))
            store.put(Row(Point(place, task.key, space.at(place)), evaluate(task)))
    return folder / "s.sqlite"


def key(simulated: Path, place: int) -> str:
    from accsim.sweep.reading import open_study

    return open_study(simulated).rows[place].point.key


def test_a_page_has_the_points_and_the_answer(tmp_path: Path) -> None:
    store = write_found(tmp_path / "s.sqlite")
    done = invoke("sweep", "report", store, "-o", tmp_path / "r.html")
    assert (done.exit_code, done.output) == (0, f"wrote {tmp_path / 'r.html'}\n")
    page = (tmp_path / "r.html").read_text()
    assert "ordinary.tokens_per_s is largest, 151, at point #3" in page
    assert "ZeroDivisionError: of all things" in page
    assert "area_mm2 31 is above 30" in page
    assert str(tmp_path) not in page
    data = page_data(page)
    assert [point["place"] for point in data["points"] if point["front"]] == [0, 1, 3]
    assert data["points"][1]["values"][1] == [11.0, "11"]
    assert [axis["name"] for axis in data["axes"]] == ["memory.channels", "array"]
    assert data["points"][3]["levels"] == [1, 1]


def test_a_page_without_results_has_no_charts(tmp_path: Path) -> None:
    store = write_found(tmp_path / "s.sqlite", finished=0)
    assert invoke("sweep", "report", store, "-o", tmp_path / "r.html").exit_code == 0
    page = (tmp_path / "r.html").read_text()
    assert "No point was simulated to the end." in page
    assert 'id="front"' not in page
    assert 'href="#front"' not in page


def test_names_from_files_are_text(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    axis = Axis(evil, ("chip.memory.channels",), ((1,), (2,), (4,)))
    study: Study = replace(STUDY, name=evil, axes=(*STUDY.axes[:1], axis, *STUDY.axes[2:]))
    store = write_found(tmp_path / "s.sqlite", study)
    invoke("sweep", "report", store, "-o", tmp_path / "r.html")
    assert "<script>alert" not in (tmp_path / "r.html").read_text()


def test_many_points_without_a_result_are_cut_off_with_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accsim.report.sweep_report.MOST_LOST", 0)
    store = write_found(tmp_path / "my store.sqlite")
    invoke("sweep", "report", store, "-o", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "accsim sweep show &#x27;my store.sqlite&#x27; --failed" in page
    assert "ZeroDivisionError" not in page


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    store, out = write_found(tmp_path / "s.sqlite"), tmp_path / "nowhere" / "r.html"
    done = invoke("sweep", "report", store, "-o", out)
    assert str(done.exception) == f"{out}: cannot be written: No such file or directory"


def test_a_full_report_lies_beside_the_page_that_links_to_it(
    simulated: Path, tmp_path: Path
) -> None:
    out = tmp_path / "reports"
    done = invoke("sweep", "report", simulated, "-o", out, "--point", key(simulated, 1)[:8])
    name = f"point-1-{key(simulated, 1)[:8]}.html"
    assert done.output == f"wrote {out / name}\nwrote {out / 'index.html'}\n"
    assert sorted(file.name for file in out.iterdir()) == ["index.html", name]
    index, report = (out / "index.html").read_text(), (out / name).read_text()
    assert [one["report"] for one in page_data(index)["points"]] == [None, name]
    assert "two_heads decodes " in report
    assert "pocket (pockets, point 1)" in report
    assert "sweep pockets, point 1" in report
    assert "accsim sweep report s.sqlite -o reports --point 1" in report
    for page in (index, report):
        assert "folder_of_somebody" not in page
        assert str(tmp_path) not in page
    # A page that is written later finds it too.
    invoke("sweep", "report", simulated, "-o", out / "again.html")
    again = page_data((out / "again.html").read_text())
    assert [one["report"] for one in again["points"]] == [None, name]


def test_the_front_is_reported_on_point_by_point(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    monkeypatch.setattr(
        "accsim.cli.sweep_points.write_points",
        lambda _folder, _store, _sweep, rows, *_: written.extend(rows),
    )
    invoke("sweep", "report", simulated, "-o", tmp_path / "r", "--front", "--point", "0")
    assert [row.point.place for row in written] == [0, 1]


def test_files_that_were_changed_are_refused(simulated: Path, tmp_path: Path) -> None:
    write_inputs(tmp_path, output_tokens=9)
    out = tmp_path / "r"
    done = invoke("sweep", "report", simulated, "-o", out, "--point", "0", "--files", tmp_path)
    assert str(done.exception) == (
        f"{simulated}: point 0 was made from other files: a chip or workload has been changed "
        "since, or lies elsewhere (--files)"
    )
    assert not (tmp_path / "r").exists()


def test_points_of_another_version_are_refused(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accsim.cli.sweep_points.__version__", "9.9")
    done = invoke("sweep", "report", simulated, "-o", tmp_path / "r", "--point", "0")
    assert str(done.exception) == (
        f"{simulated}: was made by accsim {accsim.__version__}, and this is 9.9: points may differ"
    )


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("7", "no finished point 7; there are 6."),
        ("4", "point 4 has no result: excluded, area_mm2 31 is above 30."),
        ("abc", "'abc' is neither a number nor 8 or more digits of a key."),
        ("00000009", "no finished point 00000009; there are 6."),
    ],
)
def test_points_that_cannot_be_reported_on_are_refused(
    tmp_path: Path, point: str, message: str
) -> None:
    store = write_found(tmp_path / "s.sqlite")
    done = invoke("sweep", "report", store, "-o", tmp_path / "r", "--point", point)
    assert done.exit_code == 2
    assert message in done.output


def test_a_chart_of_the_front_has_a_page_of_its_own(tmp_path: Path) -> None:
    store, out = write_found(tmp_path / "s.sqlite"), tmp_path / "x.html"
    done = invoke("plot", "pareto", store, "-o", out)
    assert (done.exit_code, done.output) == (0, f"wrote {out}\n")
    assert "Nothing beats the 3 points of the front" in out.read_text()


def test_notebooks_get_the_same_figure(tmp_path: Path) -> None:
    store = write_found(tmp_path / "s.sqlite")
    assert list(accsim.plots.pareto(store).data[1].customdata) == [0, 1, 3]


def test_a_study_without_objectives_has_no_page(tmp_path: Path) -> None:
    store = write_found(tmp_path / "s.sqlite", replace(STUDY, objectives=()))
    with pytest.raises(InputError, match="its study has no objectives to report on; "):
        CliRunner().invoke(
            cli,
            ["sweep", "report", str(store), "-o", str(tmp_path / "p.html")],
            catch_exceptions=False,
        )
    assert not (tmp_path / "p.html").exists()
