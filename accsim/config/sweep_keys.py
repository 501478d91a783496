"""What the dotted keys of a sweep mean in the files that it starts from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from accsim.config.fields import Section, fields_by_key
from accsim.config.text import show, suggest
from accsim.config.variants import entry
from accsim.config.yaml_source import Value


def takes_whole_numbers(file: Section, field: str) -> bool:
    """Whether a field takes whole numbers only.

    Args:
        file: a checked chip or workload file.
        field: a dotted key of it, ``memory.channels`` or ``runs.heads4_k4.acceptance``.

    Raises:
        LookupError: the file can have no such key, or it holds more than one value.
    """
    at: Any = file
    above = ""
    rest = field
    annotation: Any = None
    while rest:
        if isinstance(at, list):
            plain: list[Value] = [_named(one) for one in at]
            index, rest = entry(plain, rest, above)
            at, above = at[index], f"{above}[{index}]"
        elif isinstance(at, Section):
            key, _, rest = rest.partition(".")
            fields = fields_by_key(type(at))
            if key not in fields:
                raise LookupError(f"unknown key {key!r}{suggest(key, fields)}")
            annotation = fields[key].annotation
            at, above = getattr(at, key), f"{above}.{key}".lstrip(".")
        else:
            raise LookupError(f"{above} is {show(at)} there and has no keys of its own")
    if isinstance(at, Section):
        inside = ", ".join(fields_by_key(type(at)))
        raise LookupError(f"{field} is a section, an axis sets one of its keys ({inside})")
    if isinstance(at, list):
        raise LookupError(f"{field} is a list, an axis sets one value")
    types = list(_types(annotation))
    return int in types and float not in types


def _named(value: object) -> Value:
    """An entry of a list as far as its name matters."""
    name = getattr(value, "name", None)
    return {"name": name} if isinstance(name, str) else None


def _types(annotation: Any) -> Iterator[type]:  # noqa: ANN401 (types have no type)
    """The plain types in an annotation: members of unions, entries of lists."""
    inner = get_args(annotation)
    if not inner and isinstance(annotation, type):
        yield annotation
    for one in inner:
        yield from _types(one)
