"""Where a physical address lies: channel, rank, bank group, bank, row and column.

Consecutive `interleave_bytes` lie in one channel, then the next has its turn. Within a channel,
bursts are counted from 0 and the count is split into fields, the lowest first. With a hash, the
low bits of the row are folded into bank group and bank by exclusive or, which spreads rows that
would meet in one bank (Zhang et al., "A permutation-based page interleaving scheme", MICRO 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accsim.chip import ADDRESS_FIELDS, AddressField, Memory
from accsim.dram.jit import compiled

Ints = npt.NDArray[np.int64]

_LETTERS: dict[str, AddressField] = {
    "bg": "bank_group",
    "co": "column",
    "ba": "bank",
    "ra": "rank",
    "ro": "row",
}


@dataclass(frozen=True, slots=True)
class AddressMap:
    """How addresses are spread over channels, and the burst address of a channel is split."""

    memory: Memory

    def sizes(self) -> Ints:
        """How many values each of `ADDRESS_FIELDS` has."""
        part = self.memory.part
        columns = part.row_bytes // part.burst_bytes
        return np.array(
            [part.bank_groups, columns, part.banks_per_group, self.memory.ranks, part.rows]
        )

    def local(self, addresses: Ints) -> tuple[Ints, Ints]:
        """The channel of each byte address, and its byte address within that channel."""
        step, channels = self.memory.interleave_bytes, self.memory.channels
        turn = addresses // step
        return turn % channels, turn // channels * step + addresses % step

    def places(self, bursts: Ints) -> Ints:
        """Each of `ADDRESS_FIELDS` of bursts counted within a channel, shape (bursts, 5).

        Beyond the last row addresses begin again at the first.
        """
        order = np.array([ADDRESS_FIELDS.index(field) for field in self.memory.address_order])
        return split(bursts, order, self.sizes(), self.memory.bank_hash)


@compiled
def split(bursts: Ints, order: Ints, sizes: Ints, hashed: bool) -> Ints:
    """Split burst counts into fields: `order` and `sizes` index and count `ADDRESS_FIELDS`."""
    places = np.empty((len(bursts), 5), dtype=np.int64)
    for i in range(len(bursts)):
        rest = bursts[i]
        for field in order:
            above = rest // sizes[field]
            places[i, field] = rest - above * sizes[field]
            rest = above
        if hashed:
            row = places[i, 4]
            places[i, 0] ^= row % sizes[0]
            places[i, 2] ^= row // sizes[0] % sizes[2]
    return places


def from_letters(letters: str) -> tuple[tuple[AddressField, ...], int]:
    """Read an order as DRAMsim3 and Ramulator write it: ``rorabacobgch``, the highest first.

    Returns:
        The order without the channel, and how many fields lie below the channel.

    Raises:
        ValueError: a field is missing, unknown or there twice.
    """
    pairs = [letters[i : i + 2] for i in range(0, len(letters), 2)][::-1]
    if sorted(pairs) != sorted([*_LETTERS, "ch"]):
        raise ValueError(
            f"an order names {' '.join(sorted([*_LETTERS, 'ch']))} once each, got {letters!r}"
        )
    return tuple(_LETTERS[pair] for pair in pairs if pair != "ch"), pairs.index("ch")
