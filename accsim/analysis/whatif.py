"""From the speeds of a run on a chip and on changed ones to what each change is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping

from accsim.analysis.knobs import Knob
from accsim.chip import Chip
from accsim.speed import RunSpeed
from accsim.whatif import Change, Effect, RunEffects


def change(knob: Knob, before: Chip, after: Chip | str) -> Change:
    """How a knob is turned, from the chip as it is; `after` says why where it cannot be."""
    if isinstance(after, str):
        new, factor, refused = None, None, after
    else:
        new, factor, refused = knob.value(after), knob.factor(before, after), None
    return Change(
        knob=knob.name,
        label=knob.label,
        unit=knob.unit,
        ideal=knob.ideal,
        before=knob.value(before),
        after=new,
        factor=None if factor is None else float(factor),
        refused=refused,
    )


def run_effects(
    scheme: str, base: RunSpeed, changed: Mapping[str, tuple[float | None, RunSpeed]]
) -> RunEffects:
    """What changes are worth to a run, most gain in decoding first.

    Args:
        scheme: how the run decodes.
        base: the run on the chip as it is.
        changed: by knob, how many times better it got and the run on that chip.
    """
    effects = [_effect(knob, factor, base, speed) for knob, (factor, speed) in changed.items()]
    effects.sort(key=lambda effect: -effect.tpot_gain)
    return RunEffects(
        name=base.run,
        scheme=scheme,
        batch=base.batch,
        tokens_per_step=base.tokens_per_step,
        tpot_s=base.tpot_s,
        bound=base.step.bound,
        bound_share=base.step.shares,
        ttft_s=base.ttft_s,
        prefill_bound=base.prefill.bound,
        prefill_bound_share=base.prefill.shares,
        effects=tuple(effects),
    )


def _effect(knob: str, factor: float | None, base: RunSpeed, speed: RunSpeed) -> Effect:
    tpot_gain, ttft_gain = base.step.ps / speed.step.ps, base.prefill.ps / speed.prefill.ps
    return Effect(
        knob=knob,
        tpot_s=speed.tpot_s,
        tpot_gain=tpot_gain,
        tpot_elasticity=elasticity(tpot_gain, factor),
        bound=speed.step.bound,
        bound_share=speed.step.shares[speed.step.bound],
        ttft_s=speed.ttft_s,
        ttft_gain=ttft_gain,
        ttft_elasticity=elasticity(ttft_gain, factor),
        prefill_bound=speed.prefill.bound,
        prefill_bound_share=speed.prefill.shares[speed.prefill.bound],
    )


def elasticity(gain: float, factor: float | None) -> float | None:
    """By which power of its factor a knob shortens the time: 1 in full, 0 not at all."""
    return None if factor is None else math.log(gain) / math.log(factor)
