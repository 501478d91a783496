"""What a wheel holds, and that it works away from the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import Literal

import pytest

from accsim.config import shipped
from accsim.config.schema import json_schema

ROOT = Path(__file__).parents[2]

pytest.importorskip("hatchling", reason="building a wheel needs hatchling: pip install '.[dev]'")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the working tree, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--wheel-dir", str(folder)]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[PurePosixPath]:
    """The files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked: a folder that can be imported from."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed: Path, cwd: Path, *arguments: str) -> str:
    """Run Python with the unpacked wheel before all else; what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(installed)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["chips", "workloads", "sweeps", "traces"])
def test_a_wheel_brings_every_shipped_file(names: list[PurePosixPath], kind: str) -> None:
    packed = {path.name for path in names if str(path.parent) == f"accsim/shipped/{kind}"}
    assert packed == {path.name for path in (ROOT / kind).iterdir()}
    assert packed


def test_a_wheel_brings_every_module(names: list[PurePosixPath]) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "accsim").rglob("*.py")}
    assert modules <= {str(path) for path in names}


def test_a_wheel_brings_the_scripts_and_styles_of_pages(names: list[PurePosixPath]) -> None:
    assets = {str(path.relative_to(ROOT)) for path in (ROOT / "accsim/report/assets").iterdir()}
    assert "accsim/report/assets/timeline.js" in assets
    assert assets <= {str(path) for path in names}


def test_a_wheel_says_that_it_is_typed(names: list[PurePosixPath]) -> None:
    assert PurePosixPath("accsim/py.typed") in names


def test_a_wheel_holds_the_licence(names: list[PurePosixPath]) -> None:
    assert any(path.match("accsim-*.dist-info/licenses/LICENSE") for path in names)


def test_a_wheel_holds_the_package_and_nothing_else(names: list[PurePosixPath]) -> None:
    tops = {path.parts[0] for path in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"accsim"}
    assert not [path for path in names if "tests" in path.parts or path.suffix == ".pyc"]


def test_an_installed_package_finds_its_chips(installed: Path, tmp_path: Path) -> None:
    program = (
        "import accsim; from accsim.config.resolve import load_chip; "
        "print(accsim.__file__, load_chip('ddr_npu').name)"
    )
    module = installed / "accsim" / "__init__.py"
    assert python(installed, tmp_path, "-c", program) == f"{module} ddr_npu\n"


@pytest.mark.parametrize("kind", ["chips", "workloads", "sweeps", "traces"])
def test_an_installed_package_lists_the_same_names(
    installed: Path, tmp_path: Path, kind: shipped.Kind
) -> None:
    program = f"from accsim.config.shipped import names; print(*names({kind!r}))"
    assert python(installed, tmp_path, "-c", program).split() == shipped.names(kind)


@pytest.mark.parametrize("kind", ["chip", "workload"])
def test_an_installed_command_prints_its_schemas(
    installed: Path, tmp_path: Path, kind: Literal["chip", "workload"]
) -> None:
    printed = python(installed, tmp_path, "-m", "accsim", "schema", kind)
    assert json.loads(printed) == json_schema(kind)


def test_an_installed_package_reads_its_traces(installed: Path, tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from accsim.config.shipped import find; "
        "from accsim.tracing.file import read_trace; "
        "print(read_trace(Path(find('traces', 'llama2_7b_decode_1'))).workload)"
    )
    assert python(installed, tmp_path, "-c", program) == "llama2_7b_decode_1\n"
