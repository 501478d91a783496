"""How a memory controller chooses: buffers, starvation limit, page policy, write drain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accsim.chip import Memory

PagePolicy = Literal["open", "closed", "timeout"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The controller of one channel.

    Reads and writes arrive in a buffer of `buffer` requests each. Each cycle one request moves on
    to the queue of its bank, which holds `bank_queue`. Reads move until `drain_from` writes wait,
    or nothing else is left to do; then as many writes move as waited at that moment.

    The banks take turns to issue a command; with `hits_first` any that can read or write goes
    before those that need a row command. In a bank the oldest request to the open row goes first;
    the row is closed when no queued request wants it. If the oldest request wants another row, it
    is closed as soon as the device allows after `hit_limit` requests, and serves no more than
    `starvation_limit`.

    `page` says when a row is closed without being asked to: never, with each column command (auto
    precharge), or once it has not been used for `timeout_cycles`. Before a refresh the banks of a
    rank are precharged by one command (`precharge_all`) or one by one. `two_commands` lets a row
    and a column command issue in one cycle, as HBM can.
    """

    buffer: int = 32
    bank_queue: int = 8
    drain_from: int = 32
    hit_limit: int = 4
    starvation_limit: int = 32
    page: PagePolicy = "open"
    timeout_cycles: int = 0
    hits_first: bool = True
    precharge_all: bool = True
    two_commands: bool = False

    def __post_init__(self) -> None:
        for name in ("buffer", "bank_queue", "drain_from", "hit_limit", "starvation_limit"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.drain_from > self.buffer:
            raise ValueError(
                f"drain_from is {self.drain_from}, must be at most the buffer's {self.buffer}"
            )
        if self.page == "timeout" and self.timeout_cycles < 1:
            raise ValueError(f"timeout_cycles must be at least 1, got {self.timeout_cycles}")


def usual_policy(memory: Memory) -> Policy:
    """Buffers as deep as the memory's `queue_bursts`; two commands a cycle on HBM."""
    bursts = memory.queue_bursts
    return Policy(
        buffer=bursts, drain_from=bursts, two_commands=memory.part.standard.startswith("HBM")
    )
