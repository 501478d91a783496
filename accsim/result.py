"""What a user gets: the contract ``accsim.result/1`` as frozen values.

Field names are the JSON keys. Ratios lie in 0..1. Bytes, MACs and cycles are integers; times in
seconds are floats made from integer picoseconds once, at the end. Only additions later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from accsim.display import as_html
from accsim.errors import missing_extra

if TYPE_CHECKING:
    import pandas

SCHEMA = "accsim.result/1"

Cause = Literal[
    "dram", "array", "vector", "sram", "sram_bandwidth", "dma", "dispatch", "dependency"
]
CAUSES: tuple[Cause, ...] = get_args(Cause)
CAUSE_PARTS: dict[Cause, tuple[str, ...]] = {
    "dram": ("data", "turnaround", "refresh", "activation", "latency"),
    "array": ("compute", "fill_drain"),
}
"""What the time of a cause splits into, where it does."""
CONSUMERS = (
    *("dram_activation", "dram_io", "dram_background", "dram_refresh"),
    *("sram", "array", "vector", "static"),
)
"""What takes energy."""
RooflineBound = Literal["memory", "compute", "on_chip"]


@dataclass(frozen=True, slots=True)
class OpStats:
    """All operators of one group (``qkv``, ``scores``...) over the decode passes of a run.

    name                     the group
    kind                     what it is: matmul, scores, rms_norm, ...
    count                    operators executed
    cycles                   core cycles of the critical path that these operators account for; the
                             groups of a run add up to its decode time
    time_ps                  the same in picoseconds, exact
    intensity_macs_per_byte  MACs per DRAM byte; None where no DRAM byte moves
    roofline_bound           which side of the ridge point the intensity lies on
    bound                    the cause with the largest share of `time_ps`; the unit that does the
                             work where the group is never on the critical path
    causes_ps                critical-path time by cause; adds up to `time_ps`
    causes_detail_ps         the time of those causes that have `CAUSE_PARTS`, by part; the parts of
                             each add up to its time in `causes_ps`
    energy_pj                its share of the run's energy by consumer, in whole pJ: work to whoever
                             did it, background, refresh and static by `time_ps`; the groups add up
                             to `Energy.decode`. Empty in results of an earlier accsim
    """

    name: str
    kind: str
    count: int
    cycles: int
    time_ps: int
    dram_read_bytes: int
    dram_write_bytes: int
    macs: int
    intensity_macs_per_byte: float | None
    roofline_bound: RooflineBound
    bound: Cause
    causes_ps: dict[str, int]
    causes_detail_ps: dict[str, dict[str, int]]
    energy_pj: dict[str, int] = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        """All of it side by side.

        ``<cause>_ps`` is of `causes_ps`, ``<cause>_<part>_ps`` of `causes_detail_ps`,
        ``<consumer>_pj`` of `energy_pj`, and ``energy_pj`` the sum of these.
        """
        record = {one.name: getattr(self, one.name) for one in fields(self)}
        causes, detail = record.pop("causes_ps"), record.pop("causes_detail_ps")
        record |= {f"{cause}_ps": causes.get(cause, 0) for cause in CAUSES}
        for cause, parts in CAUSE_PARTS.items():
            found = detail.get(cause, {})
            record |= {f"{cause}_{part}_ps": found.get(part, 0) for part in parts}
        energies = record.pop("energy_pj")
        record["energy_pj"] = sum(energies.values())
        return record | {f"{consumer}_pj": energies.get(consumer, 0) for consumer in CONSUMERS}


@dataclass(frozen=True, slots=True)
class PartStats:
    """A part of the model over the decode passes of a run; its fields are those of `OpStats`.

    name  the first word of its operators' names: ``layers`` (of the trunk), ``heads`` (the layers
          of prediction heads), ``lm_head``...
    """

    name: str
    time_ps: int
    causes_ps: dict[str, int]
    causes_detail_ps: dict[str, dict[str, int]]
    energy_pj: dict[str, int]


@dataclass(frozen=True, slots=True)
class Utilization:
    """Share of decode time in which each unit does useful work.

    dram    bytes moved over what the pins could have moved
    array   useful MACs over what the array could have done (at the precision of each operator)
    vector  busy time of the vector unit
    sram    bytes that array, vector unit and DMA moved over what all SRAM banks could have moved
    """

    dram: float
    array: float
    vector: float
    sram: float


@dataclass(frozen=True, slots=True)
class UnitTime:
    """One unit over the decode passes; the three add up to the decode time, in ps."""

    unit: str
    busy_ps: int
    stalled_ps: int
    idle_ps: int


@dataclass(frozen=True, slots=True)
class DramStats:
    """The DRAM over the decode passes.

    The five times are averages over the channels, in ps, and add up to the decode time: moving
    data, read/write or rank turnaround, refresh, waiting for a row, nothing to do. `model` is what
    they were computed with.
    """

    data_ps: int
    turnaround_ps: int
    refresh_ps: int
    activation_ps: int
    idle_ps: int
    row_hits: int
    row_misses: int
    row_conflicts: int
    activates: int
    refreshes: int
    model: Literal["row_granular", "command_level"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many passes were simulated in full, and how well the rest were interpolated.

    `max_error` is the largest relative difference between an interpolated pass time and the same
    pass simulated, over the passes where both were done, those of a prompt in chunks among them (0
    where every pass was simulated). `prefill_layers_simulated` is less than `prefill_layers`, which
    every prefill pass adds to, where equal layers of the prefill were extrapolated from one of them
    or chunks interpolated.
    """

    passes: int
    simulated: int
    max_error: float
    prefill_layers: int
    prefill_layers_simulated: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over independent draws, and the 95 % interval in which the true one lies."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bounded:
    """A figure and its worst cases: every uncertain figure behind it at its lowest or highest."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ConsumerEnergy:
    """What one consumer takes, in whole pJ, with its worst cases."""

    consumer: str
    pj: int
    low_pj: int
    high_pj: int


@dataclass(frozen=True, slots=True)
class Energy:
    """The energy of a run, to first order.

    decode        by consumer: DRAM rows opened and closed, bits moved, background and refresh;
                  SRAM; array; vector unit; what the chip takes whatever it does
    decode_j      all of them together
    j_per_token   of each token that decoding emits, over all sequences: the drafts that were
                  accepted, and one more token for each pass
    j_per_pass    of each pass of the model that emits tokens, with the draft passes before it
    mean_power_w  `decode_j` over the decode time
    dram_share    the DRAM's part of `decode_j`
    rows          query rows that those passes carry, over all sequences; each emitted token comes
                  out of one. 0 in results of an earlier accsim
    rejected_rows the others: of drafts that were rejected, or cut off by the end of the output, and
                  of sequences that wait for the last of their batch
    j_per_row     `decode_j` over `rows`: of each position that the model computes, kept or not
    rejected_j    the part of `rejected_rows` in the energy of array and vector unit, which grows
                  with each row
    """

    decode: tuple[ConsumerEnergy, ...]
    decode_j: Bounded
    j_per_token: Bounded
    j_per_pass: Bounded
    mean_power_w: Bounded
    dram_share: float
    prefill: tuple[ConsumerEnergy, ...]
    prefill_j: Bounded
    rows: int = 0
    rejected_rows: int = 0
    j_per_row: Bounded = Bounded(0.0, 0.0, 0.0)
    rejected_j: Bounded = Bounded(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Area:
    """mm2 of the chip by part, of those parts that figures are known for, and together."""

    sram: Bounded
    array: Bounded
    phy: Bounded
    total: Bounded


@dataclass(frozen=True, slots=True)
class Generations:
    """Further generations of a run, drawn over the times of its simulated passes.

    count               generations, each of the whole batch
    tokens_per_pass     of passes with their last draw uncut: its mean is that of the acceptance
    tpot_s              per sequence: time of its last token after the first, over the tokens
                        between; mean over all sequences
    tpot_p50_s, _p99_s  percentiles of it over sequences (nearest rank)
    itl_p50_s, _p99_s   percentiles of the time between two tokens of a sequence; tokens of one pass
                        arrive together, so it is 0 after all but the first of them
    decode_s_per_token  decode time of the batch, up to its last sequence, over the tokens of one:
                        what `RunResult.tpot_s` is to a run
    speedup             `decode_s_per_token` of the baseline run over this; None for the baseline
                        itself, and where that was not drawn
    """

    count: int
    tokens_per_pass: Estimate
    tpot_s: Estimate
    tpot_p50_s: float
    tpot_p99_s: float
    itl_p50_s: float
    itl_p99_s: float
    decode_s_per_token: Estimate
    speedup: Estimate | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run of the workload on the chip.

    `passes` are those of the model that emit tokens; `draft_passes` those of a draft model before
    them. `mean_pass_s` is the time of one such step: a pass and the draft passes before it.
    `parts_ps` is critical-path time by the first word of the operators' names: ``layers`` (of the
    trunk), ``heads`` (the layers of prediction heads), ``lm_head``...; it adds up to `decode_ps`.
    `parts` has the same times by cause, and the energy; it is empty in results of an earlier
    accsim.
    `causes_ps` and `causes_detail_ps` are those of `OpStats` over all decode passes,
    `prefill_causes_ps` and `prefill_causes_detail_ps` over the prefill.
    `asked_tokens` are the output tokens that the workload asks for, where a recording of tokens per
    pass ended before; None where `output_tokens` are those. `generations` is None where none were
    asked for, and where a trace does not say how often drafts are right.
    """

    name: str
    scheme: str
    max_tokens_per_pass: int
    prompt_tokens: int
    output_tokens: int
    batch: int
    passes: int
    mean_tokens_per_pass: float
    expected_tokens_per_pass: float | None
    ttft_s: float
    tpot_s: float
    decode_s: float
    decode_ps: int
    prefill_ps: int
    decode_cycles: int
    decode_tokens_per_s: float
    mean_pass_s: float
    decode_dram_read_bytes: int
    decode_dram_write_bytes: int
    decode_dram_bytes_per_token: float
    decode_macs: int
    prefill_dram_read_bytes: int
    prefill_dram_write_bytes: int
    prefill_macs: int
    floor_s: float
    prefill_floor_s: float
    utilization: Utilization
    units: tuple[UnitTime, ...]
    dram: DramStats
    sram_peak_bytes: int
    bound: Cause
    bound_share: dict[str, float]
    prefill_bound: Cause
    prefill_bound_share: dict[str, float]
    sampling: Sampling
    ops: tuple[OpStats, ...]
    parts_ps: dict[str, int]
    energy: Energy
    causes_ps: dict[str, int]
    causes_detail_ps: dict[str, dict[str, int]]
    prefill_causes_ps: dict[str, int]
    prefill_causes_detail_ps: dict[str, dict[str, int]]
    draft_passes: int = 0
    asked_tokens: int | None = None
    generations: Generations | None = None
    parts: tuple[PartStats, ...] = ()


@dataclass(frozen=True, slots=True)
class Speedup:
    """Decode speed against the baseline run.

    by_run    ratio of the times per output token, with the tokens per pass that were drawn
    expected  the same if every pass brought the mean that the acceptance promises: without the
              luck of the draw; None where no expectation is known
    """

    baseline: str
    by_run: dict[str, float]
    expected: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one chip and one workload.

    `mapping` is the name of the mapping file whose pins were followed, None without one.
    """

    chip: str
    workload: str
    accsim_version: str
    seed: int
    clock_hz: float
    peak_dram_bytes_per_s: float
    peak_macs_per_s: float
    sram_bytes: int
    runs: tuple[RunResult, ...]
    speedup: Speedup
    area_mm2: Area
    mapping: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The ``accsim.result/1`` object: plain dicts, lists, strings and numbers."""
        document: dict[str, Any] = {"schema": SCHEMA}
        for one in fields(self):
            if one.name == "runs":
                document["runs"] = [asdict(run) for run in self.runs]
            elif one.name == "speedup":
                baseline = {"baseline": self.speedup.baseline}
                document["speedup"] = baseline | self.speedup.by_run
                document["speedup_expected"] = baseline | self.speedup.expected
            elif one.name == "area_mm2":
                document["area_mm2"] = asdict(self.area_mm2)
            else:
                document[one.name] = getattr(self, one.name)
        return document

    def to_records(self) -> list[dict[str, Any]]:
        """One flat record for each run and operator group, as the lines of ``ops.csv``."""
        return [{"run": run.name, **op.to_record()} for run in self.runs for op in run.ops]

    def to_pandas(self) -> pandas.DataFrame:
        """The records as a table.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError:
            raise missing_extra("Result.to_pandas", "pandas") from None
        return pandas.DataFrame.from_records(self.to_records())

    def _repr_html_(self) -> str | None:
        """What notebooks show of it, once somebody has registered to draw it (`accsim.display`)."""
        return as_html(self)
