"""A model shape from the ``config.json`` that Hugging Face transformers writes.

Versions 4 and 5 spell some keys differently (``rope_theta`` and ``rope_parameters``,
``torch_dtype`` and ``dtype``); none of those changes a shape, so both are read. Precisions come
from the workload file, never from here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from accsim.config.text import read_text, show, suggest
from accsim.errors import InputError, Problem
from accsim.workload import ModelShape

MODEL_TYPES = ("llama",)


def read_hf_config(file: str) -> ModelShape:
    """The shape in a ``config.json``, named after the folder that holds it.

    Raises:
        InputError: the file cannot be read, is not JSON, or describes a model that is not a plain
            Llama; every problem of the file at once.
    """
    text = read_text(file)
    reader = _Reader(file, text, _parse(file, text))
    shape = reader.shape(_name(Path(file)))
    if shape is None:
        raise InputError(reader.problems)
    return shape


def _name(path: Path) -> str:
    return path.resolve().parent.name if path.stem == "config" else path.stem


def _parse(file: str, text: str) -> dict[str, object]:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a JSON number")

    try:
        parsed = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        source = text.splitlines()[error.lineno - 1] if text else None
        problem = Problem(
            file, f"not valid JSON: {error.msg}", error.lineno, error.colno, source=source
        )
        raise InputError(problem) from None
    except RecursionError:
        raise InputError(Problem(file, "not valid JSON: nested too deeply")) from None
    except ValueError as error:
        raise InputError(Problem(file, f"not valid JSON: {error}")) from None
    if not isinstance(parsed, dict):
        raise InputError(Problem(file, f"expected a JSON object, got {show(parsed)}"))
    return parsed


class _Reader:
    """Takes the keys that make a shape, noting what is wrong with each."""

    def __init__(self, file: str, text: str, config: dict[str, object]) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.config = config
        self.problems: list[Problem] = []

    def shape(self, name: str) -> ModelShape | None:
        """The shape, or None if there were problems."""
        self.require("model_type", MODEL_TYPES, default=None)
        for key in ("attention_bias", "mlp_bias"):
            self.require(key, (False,), default=False)
        self.require("hidden_act", ("silu",), default="silu")
        tied = self.config.get("tie_word_embeddings", False)
        if not isinstance(tied, bool):
            self.note("tie_word_embeddings", f"expected true or false, got {show(tied)}")
        hidden = self.count("hidden_size")
        heads = self.count("num_attention_heads")
        kv_heads = self.count("num_key_value_heads", default=heads)
        if kv_heads and heads % kv_heads:
            self.note("num_key_value_heads", f"{kv_heads} does not divide {heads} attention heads")
        if heads and hidden % heads and self.config.get("head_dim") is None:
            self.note("hidden_size", f"{hidden} is not a multiple of {heads} attention heads")
        shape = ModelShape(
            name=name,
            hidden=hidden,
            layers=self.count("num_hidden_layers"),
            heads=heads,
            kv_heads=kv_heads,
            head_dim=self.count("head_dim", default=hidden // heads if heads else 0),
            ffn=self.count("intermediate_size"),
            vocab=self.count("vocab_size"),
            max_positions=self.count("max_position_embeddings"),
            tied_embeddings=tied is True,
        )
        return None if self.problems else shape

    def count(self, key: str, default: int | None = None) -> int:
        """A positive whole number; 0 once it is noted as wrong. Null means absent."""
        value = self.config.get(key)
        if value is None and default is not None:
            return default
        if value is None:
            self.note(key, "this key is required")
        elif isinstance(value, bool) or not isinstance(value, int):
            self.note(key, f"expected a whole number, got {show(value)}")
        elif not 1 <= value <= 10**9:
            self.note(key, f"must lie between 1 and {10**9}, got {value}")
        else:
            return value
        return 0

    def require(self, key: str, allowed: tuple[object, ...], default: object) -> None:
        """Note a value that is not one of the allowed; absent and null mean the default."""
        value = self.config.get(key)
        value = default if value is None else value
        if value is None:
            self.note(key, "this key is required")
        elif value not in allowed:
            hint = suggest(str(value), (show(known) for known in allowed))
            self.note(key, f"{show(value)} is not supported{hint}")

    def note(self, key: str, message: str) -> None:
        quoted = json.dumps(key)
        for number, line in enumerate(self.lines, start=1):
            column = line.find(quoted)
            if column >= 0:
                self.problems.append(Problem(self.file, message, number, column + 1, key, line))
                return
        self.problems.append(Problem(self.file, message, key=key))
