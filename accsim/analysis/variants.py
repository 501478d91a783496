"""A way of decoding with fewer drafts, or with more where the model has them."""

from __future__ import annotations

from dataclasses import replace

from accsim.workload import (
    Autoregressive,
    DraftModel,
    Medusa,
    MultiToken,
    PromptLookup,
    Scheme,
    SequentialMtp,
)


def variants(scheme: Scheme) -> tuple[Scheme, ...]:
    """The ways of decoding to compare where a run decodes with `scheme`, by rising drafts.

    Prediction heads: 1 to all that were trained, whatever the run uses. A chain of Medusa heads, or
    of sequential modules: 1 to those of the run. Drafts of another model, or of the text: 1 to
    those of the run. A tree of Medusa heads is taken as it is, for a smaller one is another tree.
    """
    match scheme:
        case MultiToken(trained_heads=trained):
            return tuple(replace(scheme, active_heads=heads) for heads in range(1, trained + 1))
        case Medusa() if scheme.is_chain:
            return tuple(Medusa((1,) * heads) for heads in range(1, scheme.heads + 1))
        case Medusa() | Autoregressive():
            return (scheme,)
        case SequentialMtp():
            return tuple(SequentialMtp(modules) for modules in range(1, scheme.modules + 1))
        case DraftModel() | PromptLookup():
            return tuple(replace(scheme, drafts=drafts) for drafts in range(1, scheme.drafts + 1))
