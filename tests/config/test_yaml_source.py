"""Reading YAML with positions: what each scalar means, and everything that is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from accsim.config.yaml_source import Document, Value, dotted, read_yaml
from accsim.errors import InputError


def read(tmp_path: Path, text: str | bytes) -> Document:
    path = tmp_path / "f.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_yaml(str(path))


def refusal(tmp_path: Path, text: str | bytes) -> str:
    """The message of the only problem, without the folder and the quoted line."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    (problem,) = caught.value.problems
    return str(problem).split("\n")[0].removeprefix(f"{tmp_path}/")


def complaint(tmp_path: Path, text: str) -> str:
    """The message of the only problem that leaves the rest of the file readable."""
    (problem,) = read(tmp_path, text).problems
    return str(problem).split("\n")[0].removeprefix(f"{tmp_path}/")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e9", 1e9),
        ("12e03", 12000.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("-3", -3),
        ("+3", 3),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("2024-01-01", "2024-01-01"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(
    tmp_path: Path, text: str, value: Value
) -> None:
    read_back = read(tmp_path, f"a: {text}\n").value["a"]
    assert read_back == value
    assert type(read_back) is type(value)


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\n").value == {"a": 1}


def test_values_and_keys_have_positions_that_count_from_one(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb:\n  - c:  x\n")
    assert str(document.problem(("b", 0, "c"), "bad")).split("\n") == [
        f"{tmp_path}/f.yaml:3:9: b[0].c: bad",
        "      - c:  x",
        "            ^",
    ]
    key = document.problem(("b", 0, "c"), "bad", at_key=True)
    assert (key.line, key.column) == (3, 5)


def test_a_missing_value_is_placed_at_the_key_of_the_mapping_around_it(tmp_path: Path) -> None:
    problem = read(tmp_path, "a: 1\nbb:\n  c: 1\n").problem(("bb", "d"), "is missing")
    assert (problem.line, problem.column, problem.key) == (2, 1, "bb.d")


def test_a_value_missing_at_the_top_is_a_matter_of_the_whole_file(tmp_path: Path) -> None:
    problem = read(tmp_path, "a: 1\n").problem(("b",), "is missing")
    assert (problem.line, problem.column, problem.key) == (None, None, "b")


def test_a_path_is_written_with_dots_and_indices() -> None:
    assert dotted(("runs", 2, "scheme")) == "runs[2].scheme"


def test_an_alias_repeats_its_value_and_points_at_the_anchor(tmp_path: Path) -> None:
    document = read(tmp_path, "a: &x {k: 1}\nb: *x\n")
    assert document.value == {"a": {"k": 1}, "b": {"k": 1}}
    assert document.problem(("b", "k"), "bad").line == 1


def test_a_key_given_twice_names_both_lines(tmp_path: Path) -> None:
    message = "f.yaml:3:1: a: given twice, first on line 1"
    assert complaint(tmp_path, "a: 1\nb: 2\na: 3\n") == message


def test_of_a_key_given_twice_the_first_value_stays(tmp_path: Path) -> None:
    assert read(tmp_path, "a: 1\na: 3\n").value == {"a": 1}


@pytest.mark.parametrize("key", ["1", "true", "1.5", "~"])
def test_a_key_that_is_not_text_is_refused(tmp_path: Path, key: str) -> None:
    message = f"f.yaml:1:1: a key must be text, got {key!r}; quote it"
    assert complaint(tmp_path, f"{key}: 1\n") == message


def test_a_collection_as_key_is_refused(tmp_path: Path) -> None:
    message = "f.yaml:1:5: b: a key must be text, not a collection"
    assert complaint(tmp_path, "b: {[1]: 2}\n") == message


def test_merge_keys_are_refused(tmp_path: Path) -> None:
    message = "f.yaml:2:5: b: merge keys (<<) are not allowed, write the keys out"
    assert complaint(tmp_path, "a: &x {k: 1}\nb: {<<: *x}\n") == message


def test_tags_are_refused(tmp_path: Path) -> None:
    message = "f.yaml:1:4: tags such as '!!python/name:os.system' are not allowed"
    expanded = "tag:yaml.org,2002:python/name:os.system"
    found = complaint(tmp_path, "a: !!python/name:os.system 1\n")
    assert found == message.replace("!!python/name:os.system", expanded)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999"])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, text: str) -> None:
    message = f"f.yaml:1:4: a: expected a finite number, got {text}"
    assert complaint(tmp_path, f"a: {text}\n") == message


def test_a_number_with_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    message = "f.yaml:1:4: a: a number of 5000 characters is too long"
    assert complaint(tmp_path, f"a: {'9' * 5000}\n") == message


def test_several_oddities_are_all_noted(tmp_path: Path) -> None:
    assert len(read(tmp_path, "a: .nan\na: 1\n2: 3\nb: !x 1\n").problems) == 4


def test_a_second_document_is_refused(tmp_path: Path) -> None:
    message = "f.yaml:2:1: a second YAML document starts here, expected one per file"
    assert refusal(tmp_path, "a: 1\n---\nb: 2\n") == message


@pytest.mark.parametrize("bracket", ["[", "{a: "])
def test_three_thousand_brackets_are_refused(tmp_path: Path, bracket: str) -> None:
    message = refusal(tmp_path, "a: " + bracket * 3000)
    # The mapping of the file is the first level, so bracket number 64 is one too many.
    assert message == f"f.yaml:1:{4 + 63 * len(bracket)}: nested more than 64 levels deep"


def test_a_million_open_brackets_are_refused_at_once(tmp_path: Path) -> None:
    assert "nested more than 64 levels deep" in refusal(tmp_path, "[" * 1_000_000)


def test_an_alias_inside_its_own_anchor_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a: &x [*x]\n") == "f.yaml:1:4: nested more than 64 levels deep"


def test_a_bomb_of_aliases_is_refused(tmp_path: Path) -> None:
    levels = ["l0: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, 9):
        inner = ", ".join([f"*l{level - 1}"] * 10)
        levels.append(f"l{level}: &l{level} [{inner}]")
    message = refusal(tmp_path, "\n".join(levels))
    assert message.endswith("holds more than 20000 values, aliases written out")


def test_broken_yaml_is_reported_with_its_place(tmp_path: Path) -> None:
    message = "f.yaml:2:5: not valid YAML: mapping values are not allowed in this context"
    assert refusal(tmp_path, "a: 1\nb: c: d\n") == message


def test_an_unknown_alias_is_reported_with_its_place(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a: *x\n") == "f.yaml:1:4: not valid YAML: found undefined alias"


def test_a_control_character_is_refused(tmp_path: Path) -> None:
    message = "f.yaml: not valid YAML: character U+0001: control characters are not allowed"
    assert refusal(tmp_path, "a: \x01\n") == message


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_refused(tmp_path: Path, text: str) -> None:
    message = "f.yaml:1:1: expected keys and values at the top level, the file is empty"
    assert refusal(tmp_path, text) == message


def test_a_list_at_the_top_is_refused(tmp_path: Path) -> None:
    message = "f.yaml:1:1: expected keys and values at the top level, got a list"
    assert refusal(tmp_path, "- a\n- b\n") == message


def test_a_file_over_one_mebibyte_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"#" * (1024 * 1024 + 1)) == "f.yaml: is larger than 1 MiB"


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    message = "f.yaml: is a binary file, expected UTF-8 text"
    assert refusal(tmp_path, b"\x7fELF\x00\x01") == message


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    message = "f.yaml: is not UTF-8 text: byte 0xe9 at offset 3"
    assert refusal(tmp_path, "a: é\n".encode("latin-1")) == message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: no such file$"):
        read_yaml(str(tmp_path / "absent.yaml"))


def test_a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r": is a directory, expected a file$"):
        read_yaml(str(tmp_path))


def test_an_unreadable_file_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match=r"^f\.yaml: cannot be read: Permission denied$"):
        read_yaml("f.yaml")


def test_a_path_with_a_nul_character_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read: embedded null byte"):
        read_yaml("a\0b")
