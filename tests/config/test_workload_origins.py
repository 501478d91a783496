"""Where the values of a workload come from; folders stay private."""

from __future__ import annotations

import json
from pathlib import Path

from cli.conftest import MODEL, WORKLOAD

from accsim.config.workload_origins import workload_values
from accsim.provenance import ResolvedValue


def values(folder: Path, text: str = WORKLOAD) -> dict[str, ResolvedValue]:
    (folder / "config.json").write_text(json.dumps(MODEL))
    (folder / "work.yaml").write_text(text.format(output_tokens=8))
    return {value.key: value for value in workload_values(str(folder / "work.yaml"))}


def test_what_the_file_says_has_its_line(tmp_path: Path) -> None:
    found = values(tmp_path)
    assert found["output_tokens"] == ResolvedValue("output_tokens", 8, "", "work.yaml:5")
    key = "runs[1].active_heads"
    assert found[key] == ResolvedValue(key, 2, "", "work.yaml:12")
    assert found["runs[1].acceptance.rates"].value == "0.8"


def test_what_it_leaves_out_is_a_default(tmp_path: Path) -> None:
    found = values(tmp_path)
    assert found["batch"] == ResolvedValue("batch", 1, "", "default")
    assert found["runs[1].layout"].origin == "default"


def test_a_model_is_told_in_full(tmp_path: Path) -> None:
    found = values(tmp_path)
    assert found["model.layers"] == ResolvedValue("model.layers", 3, "", "the model that is named")
    # 3 x (2 x 128 x 128 + 2 x 128 x 64 + 3 x 128 x 256), 7 norms, 2 tables of 512 words
    assert found["model.params"].value == 3 * 147_456 + 7 * 128 + 2 * 512 * 128


def test_rates_of_a_named_set_are_told() -> None:
    found = {value.key: value for value in workload_values("llama2_mtp")}
    used = found["runs[2].acceptance.rates_used"]
    assert (used.value, used.origin) == ("0.94, 0.8936, 0.8571", "acceptance code")


def test_files_go_by_their_base_names(tmp_path: Path) -> None:
    text = WORKLOAD.replace("config.json", f"{tmp_path}/config.json")
    found = values(tmp_path, text)
    assert found["model.config_json"].value == "config.json"
    assert not [one for one in found.values() if tmp_path.name in str(one.value) + one.origin]


def test_a_draft_model_is_told_in_full() -> None:
    found = {value.key: value for value in workload_values("llama2_schemes")}
    [layers] = [value for key, value in found.items() if key.endswith(".drafter.layers")]
    assert layers.value == 22
