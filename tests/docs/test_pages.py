"""How commands are found in pages, and when what they print is what a page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pages import Step, missing, steps
from .test_commands import Shell, compare


def page(*lines: str) -> list[Step]:
    return steps("\n".join(lines), "page.md")


def test_each_line_of_a_shell_block_is_a_command() -> None:
    found = page(
        "Text.", "```sh", "accsim show a.yaml", "", "# then", "accsim dram b  # alone", "```"
    )
    assert found == [
        Step("page.md:3", "accsim show a.yaml"),
        Step("page.md:6", "accsim dram b  # alone"),
    ]


def test_a_here_document_and_a_backslash_continue_a_command() -> None:
    found = page("```sh", "cat > a <<'END'", "accsim run", "END", "accsim run a \\", "  b", "```")
    assert [step.text for step in found] == [
        "cat > a <<'END'\naccsim run\nEND",
        "accsim run a \\\n  b",
    ]


def test_a_session_is_commands_and_what_they_print() -> None:
    found = page("```", "$ accsim one", "1", "$ accsim two \\", "> 3", "2", "```")
    assert found == [
        Step("page.md:2", "accsim one", shown=("1",)),
        Step("page.md:4", "accsim two \\\n3", shown=("2",)),
    ]


def test_other_blocks_are_no_commands() -> None:
    assert page("```", "accsim", "```", "```yaml", "$ a: 1", "```", "```json", "{}", "```") == []


def test_a_python_block_is_a_program() -> None:
    assert page("```python", "a = 1", "print(a)", "```") == [
        Step("page.md:2", "a = 1\nprint(a)", is_python=True)
    ]


def test_a_block_in_a_list_is_without_its_indent() -> None:
    assert page("1. So:", "", "   ```sh", "   accsim show x", "   ```") == [
        Step("page.md:4", "accsim show x")
    ]


def test_a_comment_states_the_exit_code() -> None:
    (step,) = page("```sh", "accsim check a.json  # exit code 1", "```")
    assert step.exit_code == 1


def test_a_comment_exempts_a_command_with_a_reason() -> None:
    (step,) = page("```sh", "accsim run a b  # not tested: takes minutes", "```")
    assert step.why == "takes minutes"


def test_a_comment_alone_exempts_what_is_below_it_in_the_block() -> None:
    found = page("```sh", "accsim a", "# not tested: far", "accsim b", "```", "```sh", "accsim c")
    found += page("```sh", "accsim c", "```")
    assert [(step.text, step.why) for step in found] == [
        ("accsim a", None),
        ("accsim b", "far"),
        ("accsim c", None),
    ]


def test_setting_up_is_not_run() -> None:
    (step,) = page("```sh", "make run", "```")
    assert step.why == "it sets up accsim"


@pytest.mark.parametrize(
    ("command", "alone"),
    [
        ("accsim run ddr_npu llama2_mtp", True),
        ("accsim run ddr_npu llama2_mtp  # all of it, ./ or not", True),
        ("accsim target ddr_npu llama2_mtp --ttft 0.4", True),
        ("accsim run my.yaml llama2_mtp", False),
        ("accsim run ddr_npu llama2_mtp > a", False),
        ("accsim run ddr_npu llama2_mtp --out out", False),
        ("cp a b", False),
    ],
)
def test_a_command_without_files_is_run_once_for_all_pages(command: str, alone: bool) -> None:
    assert Step("page.md:1", command).is_alone == alone


@pytest.mark.parametrize(
    "shown",
    [
        ("a 1", "b 2", "c 3"),
        ("...", "c 3"),
        ("a 1", "..."),
        ("a 1", "  ...", "c 3"),
        ("a ...", "b 2", "c ...3"),
        ("", "a 1", "b 2  ", "c 3"),
        ("a 1", "...", "b 2", "c 3"),
    ],
)
def test_what_is_left_out_may_be_anything(shown: tuple[str, ...]) -> None:
    assert missing(shown, ["", "a 1", "b 2", "c 3", ""]) is None


@pytest.mark.parametrize(
    "shown", [("a 1",), ("b 2", "c 3"), ("a 1", "...", "d"), ("a 1", "b .", "c 3"), ()]
)
def test_what_is_shown_must_be_printed_and_nothing_else(shown: tuple[str, ...]) -> None:
    assert missing(shown, ["a 1", "b 2", "c 3"])


def test_many_lines_left_out_take_no_time_to_compare() -> None:
    shown = tuple(line for n in range(40) for line in ("...", f"{n}"))
    assert missing((*shown, "x", "..."), [f"{n}" for n in range(1000)])


def test_another_exit_code_than_stated_fails(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.run(Step("page.md:1", "echo told; exit 2", exit_code=2)) == ["told"]
    with pytest.raises(AssertionError, match=r"page\.md:7: exit 2"):
        shell.run(Step("page.md:7", "exit 2"))


def test_another_output_than_shown_fails_with_the_difference() -> None:
    step = Step("page.md:7", "accsim show x", shown=("a", "b"))
    compare(step, ["a", "b"])
    with pytest.raises(pytest.fail.Exception) as failed:
        compare(step, ["a", "c"])
    assert str(failed.value) == (
        "page.md:7: accsim show x\nthe page shows\na\nb\nand what is printed there is\na\nc"
    )


def test_a_page_is_run_as_if_in_the_repository(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.run(Step("page.md:1", "ls chips/ddr_npu.yaml")) == ["chips/ddr_npu.yaml"]
