"""Where a saved result comes from, ``provenance.json``, as a value again."""

from __future__ import annotations

import json

from pydantic import TypeAdapter, ValidationError

from accsim.config.json_source import read_json
from accsim.config.problems import EXPECTED
from accsim.config.text import show
from accsim.config.yaml_source import dotted
from accsim.errors import InputError, Problem
from accsim.provenance import SCHEMA, Provenance


def load_provenance(file: str) -> Provenance:
    """Read a provenance; keys that this accsim does not know are left out.

    Raises:
        InputError: every problem of the file.
    """
    document = read_json(file)
    if document.get("schema") != SCHEMA:
        message = f"expected {SCHEMA!r}, got {show(document.get('schema'))}"
        raise InputError(Problem(file, message, key="schema"))
    try:
        # From JSON, because there a list may stand for a tuple even if all else is strict.
        return TypeAdapter(Provenance).validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        raise InputError(
            Problem(
                file,
                "this key is required"
                if details["type"] == "missing"
                else f"{EXPECTED.get(details['type'], details['msg'])}, "
                f"got {show(details['input'])}",
                key=dotted(details["loc"]),
            )
            for details in error.errors(include_url=False)
        ) from None
