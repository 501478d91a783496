"""A YAML file as plain values, with the position of each.

PyYAML's C parser gives nodes with marks; the values are built here, because PyYAML follows
YAML 1.1. Scalars are those of the YAML 1.2 core schema (YAML 1.2.2, section 10.3.2): ``1e9`` is a
number, ``on`` and ``1:30`` are text, ``010`` is ten. What could surprise is refused: keys given
twice, keys that are not text, tags, merge keys, infinities, several documents, bombs of aliases.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from accsim.config.text import read_text, show
from accsim.errors import InputError, Problem

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of the file: ``("runs", 2, "scheme")``."""

MAX_DEPTH = 64
MAX_VALUES = 20_000
"""Values of a file with every alias written out; hand-written files have a few hundred."""

_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_PREFIXED_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MAX_DIGITS = 100
_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """A YAML file: its values, where they stand, and what YAML itself had to object to.

    `keys` holds the place of a mapping's key, `values` that of the value; both by path.
    """

    file: str
    lines: tuple[str, ...]
    value: dict[str, Value]
    keys: dict[KeyPath, Place]
    values: dict[KeyPath, Place]
    problems: tuple[Problem, ...]

    def problem(self, path: KeyPath, message: str, *, at_key: bool = False) -> Problem:
        """A `Problem` at a value (or at its key), or at the nearest thing around it that exists."""
        first, second = (self.keys, self.values) if at_key else (self.values, self.keys)
        place = None
        for length in range(len(path), 0, -1):
            place = first.get(path[:length]) or second.get(path[:length])
            if place is not None:
                break
            # What is missing is missing from the mapping around it, named by its key.
            first, second = self.keys, self.values
        if place is None:
            return Problem(self.file, message, key=dotted(path))
        return _problem(self.file, self.lines, place, message, dotted(path))


def dotted(path: KeyPath) -> str:
    """A path as users read it: ``runs[2].scheme``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(file: str) -> Document:
    """Read a YAML file whose top level is a mapping.

    Oddities that leave the rest readable (a key given twice) are kept in `Document.problems`.

    Raises:
        InputError: the file cannot be read (see `read_text`), is not YAML, is empty, holds several
            documents, something other than a mapping, or too much.
    """
    text = read_text(file)
    lines = tuple(text.splitlines())
    try:
        tags = _check_events(file, lines, text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        message = f"not valid YAML: {error.problem}"
        raise InputError(_problem(file, lines, _place(error.problem_mark), message)) from None
    except yaml.reader.ReaderError as error:
        # The C parser gives the character's number, whatever the annotation says.
        message = f"not valid YAML: character U+{int(error.character):04X}: {error.reason}"
        raise InputError(Problem(file, message)) from None
    builder = _Builder(file, lines, problems=tags)
    value = builder.build(root, (), 1) if root is not None else None
    if not isinstance(value, dict):
        found = "the file is empty" if root is None or value is None else f"got {show(value)}"
        message = f"expected keys and values at the top level, {found}"
        raise InputError(Problem(file, message, 1, 1))
    return Document(file, lines, value, builder.keys, builder.values, tuple(builder.problems))


class _Mark(Protocol):
    line: int
    column: int


def _place(mark: _Mark | None) -> Place:
    if mark is None:  # annotated so; nothing that was read from a text lacks its place
        return Place(1, 1)
    return Place(mark.line + 1, mark.column + 1)


def _problem(
    file: str, lines: tuple[str, ...], place: Place, message: str, key: str = ""
) -> Problem:
    source = lines[place.line - 1] if place.line <= len(lines) else None
    return Problem(file, message, place.line, place.column, key, source)


def _check_events(file: str, lines: tuple[str, ...], text: str) -> list[Problem]:
    """Refuse what must not reach the composer, which recurses; return a problem for each tag.

    The parser itself is a state machine, and reads no further than it is asked to.
    """
    tags: list[Problem] = []
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        place = _place(event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InputError(_problem(file, lines, place, _TOO_DEEP))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                message = "a second YAML document starts here, expected one per file"
                raise InputError(_problem(file, lines, place, message))
        tag = getattr(event, "tag", None)
        if tag is not None:
            tags.append(_problem(file, lines, place, f"tags such as {tag!r} are not allowed"))
    return tags


@dataclass
class _Builder:
    """Turns nodes into values; aliases are written out, so that each use has its own path."""

    file: str
    lines: tuple[str, ...]
    problems: list[Problem]
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    count: int = 0

    def build(self, node: yaml.Node, path: KeyPath, depth: int) -> Value:
        place = _place(node.start_mark)
        self.values[path] = place
        self.count += 1
        if self.count > MAX_VALUES:
            message = f"holds more than {MAX_VALUES} values, aliases written out"
            raise InputError(_problem(self.file, self.lines, place, message, dotted(path)))
        if depth > MAX_DEPTH:  # only an alias inside its own anchor gets here
            raise InputError(_problem(self.file, self.lines, place, _TOO_DEEP))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(n, (*path, i), depth + 1) for i, n in enumerate(node.value)]
        return {
            key: self.build(value, (*path, key), depth + 1)
            for key, value in self._entries(node, path)
        }

    def _entries(self, node: yaml.Node, path: KeyPath) -> Iterator[tuple[str, yaml.Node]]:
        """The usable entries of a mapping; what is wrong with the others is noted."""
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            place = _place(key_node.start_mark)
            if key in lines:
                self._note(key_node, (*path, key), f"given twice, first on line {lines[key]}")
                continue
            lines[key] = place.line
            self.keys[(*path, key)] = place
            yield key, value_node

    def _key(self, node: yaml.Node, path: KeyPath) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._note(node, path, "a key must be text, not a collection")
            return None
        if _is_plain(node) and node.value == "<<":
            self._note(node, path, "merge keys (<<) are not allowed, write the keys out")
            return None
        key = self._scalar(node, path)
        if not isinstance(key, str):
            self._note(node, path, f"a key must be text, got {node.value!r}; quote it")
            return None
        return key

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Value:
        text: str = node.value
        if not _is_plain(node):
            return text
        if _NULL.fullmatch(text):
            return None
        if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
            return text.lower() == "true"
        whole = _INT.fullmatch(text)
        if whole or _PREFIXED_INT.fullmatch(text) or _FLOAT.fullmatch(text):
            # A number of a thousand digits is a slip, and slow to convert.
            if len(text) > _MAX_DIGITS:
                self._note(node, path, f"a number of {len(text)} characters is too long")
                return None
            if not _FLOAT.fullmatch(text):
                return int(text, 0)
            number = int(text) if whole else float(text)
            if math.isfinite(number):
                return number
        elif not _NOT_FINITE.fullmatch(text):
            return text
        self._note(node, path, f"expected a finite number, got {text}")
        return None

    def _note(self, node: yaml.Node, path: KeyPath, message: str) -> None:
        place = _place(node.start_mark)
        self.problems.append(_problem(self.file, self.lines, place, message, dotted(path)))


def _is_plain(node: yaml.ScalarNode) -> bool:
    return not node.style
