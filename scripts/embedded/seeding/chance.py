"""Numbers that look random and are always the same: any part of a community can be made again, alone and in any order."""

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

_MASK = (1 << 64) - 1


def mix(*numbers: int) -> int:
    """Return 64 bits that depend on every number (the finalizer of SplitMix64, by Steele, Lea and Flood)."""
    state = 0
    for number in numbers:
        state = (state + number + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def share(*numbers: int) -> float:
    """Return a number from 0 up to, but not, 1."""
    return mix(*numbers) / (_MASK + 1)


@dataclass(frozen=True)
class LongTail:
    """A choice among `count`, in which number `n` is chosen about as often as 1 / (n + offset)."""

    count: int
    offset: float = 5.0

    def pick(self, at: float) -> int:
        """Return the choice at a share."""
        return min(bisect.bisect_right(self._sums, at * self._sums[-1]), self.count - 1)

    @cached_property
    def _sums(self) -> Sequence[float]:
        return list(itertools.accumulate(1 / (number + self.offset) for number in range(self.count)))
