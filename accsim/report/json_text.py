"""Results as JSON text, schemas ``accsim.result/1`` and ``accsim.training/1``; and their origin."""

from __future__ import annotations

import json

from accsim.provenance import Provenance
from accsim.result import Result
from accsim.training_result import TrainingResult


def result_json(result: Result) -> str:
    """The one JSON object of a result, fields in the order of the contract, newline at the end.

    Raises:
        ValueError: a figure is infinite or not a number, which JSON cannot say.
    """
    return json.dumps(result.to_json(), indent=2, allow_nan=False) + "\n"


def training_json(result: TrainingResult) -> str:
    """The same for a training step.

    Raises:
        ValueError: a figure is infinite or not a number, which JSON cannot say.
    """
    return json.dumps(result.to_json(), indent=2, allow_nan=False) + "\n"


def provenance_json(provenance: Provenance) -> str:
    """The same for where a result comes from."""
    return json.dumps(provenance.to_json(), indent=2, allow_nan=False) + "\n"
