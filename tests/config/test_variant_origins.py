"""Where the values of a changed chip or workload come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from accsim.config.variant_origins import Fields, chip_variant_values, workload_variant_values
from accsim.config.variants import chip_document, workload_document
from accsim.errors import InputError


def test_what_was_set_has_the_origin_that_is_given_and_the_rest_its_line() -> None:
    document = chip_document("ddr_npu", Path())
    found = chip_variant_values(document, [("memory.channels", 4)], "a sweep")
    by_key = {one.key: one for one in found}
    assert (by_key["memory.channels"].value, by_key["memory.channels"].origin) == (4, "a sweep")
    assert by_key["memory.grade"].origin.startswith("ddr_npu.yaml:")
    # 4 channels of 25.6 GB/s.
    assert by_key["memory.peak_bytes_per_s"].value == 4 * 25.6e9


def test_runs_are_found_by_name() -> None:
    document = workload_document("llama2_mtp", Path())
    settings: Fields = [("runs.heads4_k4.acceptance", "books"), ("output_tokens", 64)]
    found = {one.key: one for one in workload_variant_values(document, settings, "a sweep")}
    assert (found["runs[2].acceptance"].value, found["runs[2].acceptance"].origin) == (
        "books",
        "a sweep",
    )
    assert found["output_tokens"].value == 64
    assert found["prompt_tokens"].origin.startswith("llama2_mtp.yaml:")


def test_a_chip_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match=r"memory\.channels"):
        chip_variant_values(chip_document("ddr_npu", Path()), [("memory.channels", 0)], "x")
