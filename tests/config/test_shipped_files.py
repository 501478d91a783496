"""The files that accsim ships: all load, and say what they claim."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from accsim.config import shipped
from accsim.config.resolve import load_chip, load_workload
from accsim.config.schema import json_schema
from accsim.config.training_file import load_training
from accsim.errors import InputError
from accsim.workload import Workload

CHIPS = ["cpu_tiled", "ddr5_npu", "ddr_dot", "ddr_npu", "hbm_npu", "lpddr5_soc"]
WORKLOADS = [
    "llama2_13b_mtp",
    "llama2_70b_mtp",
    "llama2_batch8",
    "llama2_chat",
    "llama2_mtp",
    "llama2_mtp_int4",
    "llama2_mtp_int8",
    "llama2_n_heads",
    "llama2_schemes",
    "llama2_single",
]
TRAINING = ["llama2_train"]
FOLDERS: dict[str, shipped.Kind] = {"chip": "chips", "workload": "workloads", "sweep": "sweeps"}


def test_all_shipped_chips_and_workloads_are_listed_by_name() -> None:
    assert shipped.names("chips") == CHIPS
    assert shipped.names("workloads") == sorted(WORKLOADS + TRAINING)


@pytest.mark.parametrize(
    ("name", "gb_per_s", "gib"),
    # pins: channels x GB/s; capacity: channels x ranks x GiB of a rank
    [
        ("ddr_npu", 51.2, 16),  # 2 x 25.6; 2 x 1 x 8
        ("ddr_dot", 51.2, 16),
        ("ddr5_npu", 102.4, 64),  # 4 x 25.6; 4 x 16
        ("lpddr5_soc", 51.2, 16),  # 4 x 12.8; 4 x 4
        ("cpu_tiled", 409.6 / 3, 32),  # 8 x 2 bytes x 25600/3 MT/s; 8 x 4
        ("hbm_npu", 819.2, 16),  # 32 x 25.6; 32 x 0.5
    ],
)
def test_each_chip_has_the_bandwidth_and_capacity_that_it_claims(
    name: str, gb_per_s: float, gib: int
) -> None:
    chip = load_chip(name)
    assert chip.name == name
    assert float(chip.memory.peak_bytes_per_s) == pytest.approx(gb_per_s * 1e9, rel=1e-12)
    assert chip.memory.capacity_bytes == gib * 2**30


def test_the_dot_product_chip_just_keeps_up_with_one_token() -> None:
    chip = load_chip("ddr_dot")
    # fp16 at 51.2 GB/s: 25.6 weights per ns, 1 MAC each.
    assert 25.6 <= chip.array.macs_per_cycle(16) < 2 * 25.6


def test_the_cpu_just_keeps_up_with_one_row_of_4_bit_weights() -> None:
    chip = load_chip("cpu_tiled")
    weights_per_s = float(chip.memory.peak_bytes_per_s) * 8 / 4.125
    one_row = chip.array.macs_per_cycle(16) / chip.array.rows_at_once * chip.clock.hz
    assert one_row == pytest.approx(weights_per_s, rel=0.05)


@pytest.mark.parametrize("name", WORKLOADS)
def test_each_workload_loads_under_its_own_name(name: str) -> None:
    assert load_workload(name).name == name


@pytest.mark.parametrize("name", TRAINING)
def test_each_training_step_loads_under_its_own_name(name: str) -> None:
    assert load_training(name).name == name


def weight_bytes(workload: Workload) -> int:
    bits = {"fp16": 16.0, "int4_g128": 4.125}[workload.precision.weights.name]
    return int(workload.model.params * bits / 8)


def test_the_70b_workload_fits_the_largest_chip() -> None:
    # 68.98 G parameters at 4.125 bits are 35.6 GB.
    workload = load_workload("llama2_70b_mtp")
    assert weight_bytes(workload) < load_chip("ddr5_npu").memory.capacity_bytes


def test_the_7b_workload_fits_every_chip() -> None:
    workload = load_workload("llama2_mtp")
    kv_cache = 524_288 * 4096  # bytes per token x positions
    for name in CHIPS:
        assert weight_bytes(workload) + kv_cache < load_chip(name).memory.capacity_bytes


def test_limits_of_numbers_are_spelled_as_editors_know_them() -> None:
    schema = json_schema("chip")
    clock = schema["$defs"]["CoreSection"]["properties"]["clock_mhz"]
    assert (clock["minimum"], clock["maximum"]) == (1, 10_000)
    assert not any(f'"{name}":' in json.dumps(schema) for name in ("ge", "le", "gt", "lt"))


@pytest.mark.parametrize("kind", ["chip", "workload", "sweep"])
def test_the_json_schema_of_a_folder_is_current(kind: Literal["chip", "workload", "sweep"]) -> None:
    folder = shipped.folder(FOLDERS[kind])
    text = (folder / f"{kind}.schema.json").read_text()
    assert text == json.dumps(json_schema(kind), indent=2) + "\n", (
        f"write it anew: accsim schema {kind} > {kind}s/{kind}.schema.json"
    )


def test_the_json_schema_of_mapping_files_is_current() -> None:
    path = Path(__file__).parents[2] / "docs" / "mapping.schema.json"
    assert path.read_text() == json.dumps(json_schema("mapping"), indent=2) + "\n", (
        "write it anew: accsim schema mapping > docs/mapping.schema.json"
    )


@pytest.mark.parametrize("kind", ["chip", "workload", "mapping", "sweep"])
def test_a_json_schema_names_its_draft_and_describes_every_key(
    kind: Literal["chip", "workload", "mapping", "sweep"],
) -> None:
    schema = json_schema(kind)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == f"accsim {kind} file"
    # Of workloads there are two kinds, each a definition.
    top = [schema] if "properties" in schema else []
    for section in (*top, *schema["$defs"].values()):
        for key, value in section["properties"].items():
            assert "description" in value, key


@pytest.mark.parametrize("kind", ["chip", "workload", "sweep"])
def test_every_shipped_file_points_editors_to_its_schema(kind: str) -> None:
    folder = shipped.folder(FOLDERS[kind])
    for path in sorted(folder.glob("*.yaml")):
        first = path.read_text().split("\n")[0]
        assert first == f"# yaml-language-server: $schema={kind}.schema.json", path


def test_a_name_finds_the_shipped_file() -> None:
    assert shipped.find("chips", "ddr_npu") == shipped.folder("chips") / "ddr_npu.yaml"


@pytest.mark.parametrize("text", ["ddr_npu.yaml", "./ddr_npu", "my/ddr_npu", "a/b.yaml"])
def test_a_text_with_a_folder_or_a_suffix_is_a_path(text: str) -> None:
    assert shipped.find("chips", text) == Path(text)


def test_an_existing_file_goes_before_a_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ddr_npu").write_text("name: mine\n")
    monkeypatch.chdir(tmp_path)
    assert shipped.find("chips", "ddr_npu") == Path("ddr_npu")


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(InputError) as caught:
        shipped.find("chips", "ddr_npux")
    assert str(caught.value) == (
        "ddr_npux: no such file, and no shipped chip of that name, did you mean 'ddr_npu'? "
        "(allowed: cpu_tiled, ddr5_npu, ddr_dot, ddr_npu, hbm_npu, lpddr5_soc)"
    )


def test_a_schema_is_no_shipped_chip() -> None:
    assert "chip.schema" not in shipped.names("chips")


def test_an_installed_package_brings_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shipped" / "chips").mkdir(parents=True)
    (tmp_path / "shipped" / "chips" / "inside.yaml").write_text("")
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path)
    assert shipped.names("chips") == ["inside"]
