"""``accsim explain`` and ``--mapping`` from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from accsim.cli.main import cli

from .conftest import accsim


def explained(inputs: Path, *options: str | Path) -> str:
    """What the command prints, run in this process."""
    arguments = [
        "explain",
        str(inputs / "chip.yaml"),
        str(inputs / "work.yaml"),
        *map(str, options),
    ]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def refused(inputs: Path, *options: str) -> str:
    """The last line of a usage error."""
    arguments = ["explain", str(inputs / "chip.yaml"), str(inputs / "work.yaml"), *options]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    return done.stderr.splitlines()[-1]


def test_a_pass_is_explained_in_a_pipe(inputs: Path) -> None:
    done = accsim("explain", inputs / "chip.yaml", inputs / "work.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Pass two_heads:1 (decode) of pocket_text on pocket" in done.stdout
    assert "The pass is bound by" in done.stdout
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in done.stdout


def test_the_json_is_one_object_and_nothing_else(inputs: Path) -> None:
    document = json.loads(explained(inputs, "--json", "--pass", "ordinary:0"))
    assert (document["schema"], document["run"], document["phase"]) == (
        "accsim.explain/1",
        "ordinary",
        "prefill",
    )
    assert sum(op["time_ps"] for op in document["ops"]) == document["elapsed_ps"]


def test_the_json_of_an_operator_holds_those_alike(inputs: Path) -> None:
    document = json.loads(explained(inputs, "--json", "--pass", "ordinary:1", "--op", "lm"))
    assert [op["name"] for op in document["ops"]] == ["lm_head"]
    document = json.loads(
        explained(inputs, "--json", "--pass", "ordinary:1", "--op", "layers.1.qkv")
    )
    assert [op["name"] for op in document["ops"]] == [f"layers.{i}.qkv" for i in range(3)]
    assert document["lines"][0]["ops"] == [0, 1, 2]


def test_a_pattern_tells_of_the_first_and_pins_them_all(inputs: Path) -> None:
    text = explained(inputs, "--pass", "ordinary:1", "--op", "layers.*.gate_up")
    assert "\nlayers.0.gate_up: matmul" in text
    assert '\n  - match: "layers.*.gate_up"\n' in text


def test_a_full_name_pins_that_operator_alone(inputs: Path) -> None:
    text = explained(inputs, "--pass", "ordinary:1", "--op", "layers.2.gate_up")
    assert '\n  - match: "layers.2.gate_up"\n' in text


def test_copied_lines_give_the_same_pass(inputs: Path, tmp_path: Path) -> None:
    """Explain, paste what it prints into a file, and explain and run with it."""
    pass_ = ("--pass", "two_heads:1")
    for number, name in enumerate(("layers.0.down", "layers.0.scores")):
        text = explained(inputs, *pass_, "--op", name)
        path = tmp_path / f"pins{number}.yaml"
        path.write_text(text[text.index("\nops:\n") :])
        free = json.loads(explained(inputs, *pass_, "--json"))
        held = json.loads(explained(inputs, *pass_, "--json", "--mapping", path))
        assert held.pop("mapping") == f"pins{number}.yaml"
        assert free.pop("mapping") is None
        for document in (free, held):
            for op in document["ops"]:
                op.pop("choice")
        assert held == free
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", "--json", "--mapping", path)
    assert json.loads(done.stdout)["mapping"] == "pins1.yaml"


def test_a_run_with_pins_says_so(inputs: Path, tmp_path: Path) -> None:
    path = tmp_path / "pins.yaml"
    path.write_text("ops: [{match: lm_head, outer: 32}]\n")
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", "--mapping", path, "--quiet")
    assert done.returncode == 0, done.stderr
    assert "Mapping pinned by pins.yaml." in " ".join(done.stdout.split())


def test_a_pin_that_cannot_be_is_told_at_its_line(inputs: Path, tmp_path: Path) -> None:
    path = tmp_path / "pins.yaml"
    path.write_text("ops:\n  - match: lm_head\n    outer: 33\n")
    done = accsim("run", inputs / "chip.yaml", inputs / "work.yaml", "--mapping", path, "--quiet")
    assert done.returncode == 2
    assert done.stderr == (
        f"{path}:2:12: ops[0].match: outer must be a multiple of 32, the width of a panel\n"
        "      - match: lm_head\n"
        "               ^\n"
    )


def test_a_missing_mapping_file_is_one_line(inputs: Path) -> None:
    done = accsim("explain", inputs / "chip.yaml", inputs / "work.yaml", "--mapping", "none.yaml")
    assert done.returncode == 2
    assert done.stderr == "none.yaml: no such file\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "layers.*",
            "Error: Invalid value for --op: 'layers.*' may be any of 14 operators: "
            "layers.*.attn_norm, layers.*.qkv, layers.*.rotary, layers.*.kv_append, ...",
        ),
        (
            "*_norm",
            "Error: Invalid value for --op: '*_norm' may be any of 3 operators: "
            "layers.*.attn_norm, layers.*.ffn_norm, final_norm.",
        ),
        (
            "lmhead",
            "Error: Invalid value for --op: no operator 'lmhead' in decode-3, did you mean "
            "'lm_head'?",
        ),
        ("zzz", "Error: Invalid value for --op: no operator 'zzz' in decode-3."),
    ],
)
def test_an_operator_that_is_none_or_several(inputs: Path, text: str, message: str) -> None:
    assert refused(inputs, "--pass", "ordinary:1", "--op", text) == message


def test_a_pass_that_is_none_lists_those_there_are(inputs: Path) -> None:
    assert refused(inputs, "--pass", "ordinary:99").startswith(
        "Error: Invalid value for --pass: no pass 'ordinary:99'; there are ordinary:0 to "
    )
