"""Names of metrics, and what they mean."""

from __future__ import annotations

import pytest

from accsim.metrics import BEST, METRICS, Asked, asked, metric_names


def test_a_metric_of_the_chip_has_no_run() -> None:
    assert asked("area_mm2") == Asked(None, METRICS["area_mm2"])


def test_a_metric_of_a_run_stands_behind_its_name() -> None:
    assert asked("heads4_k4.tpot_s") == Asked("heads4_k4", METRICS["tpot_s"])


def test_names_of_metrics_may_have_dots() -> None:
    assert asked("a.share.dram") == Asked("a", METRICS["share.dram"])
    assert asked("best.utilization.array") == Asked(BEST, METRICS["utilization.array"])


def test_names_of_runs_may_have_dots() -> None:
    assert asked("v1.5.ttft_s") == Asked("v1.5", METRICS["ttft_s"])


def test_the_best_run_has_a_name() -> None:
    one = asked("best.run")
    assert (one.run, one.metric.is_name) == (BEST, True)


@pytest.mark.parametrize(
    "name", ["", "tpot_s", ".tpot_s", "a.area_mm2", "a.run", "a.tpot", "share.dram", "a.share.x"]
)
def test_what_is_no_metric_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        asked(name)


def test_every_name_that_is_told_can_be_asked_for() -> None:
    names = metric_names(("a", "b"))
    assert len(set(names)) == len(names)
    for name in names:
        asked(name)
    assert {"pins", "a.bound", "b.share.vector", "best.run", "best.tokens_per_s"} <= set(names)


def test_every_metric_says_what_it_is() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.meaning
        assert not (metric.is_name and metric.better)
