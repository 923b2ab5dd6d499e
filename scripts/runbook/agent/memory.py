"""What the primary's agent remembers of the standbys from one look to the next."""

from scripts.runbook.confirmations import Confirmations
from scripts.runbook.standby_faults import Doubts


class RuleMemory:
    """Empty at the beginning of each epoch: what a standby owed an earlier primary says nothing."""

    def __init__(self) -> None:
        self._epoch = 0
        self.confirmations, self.doubts = Confirmations(), Doubts()

    def of(self, epoch: int) -> "RuleMemory":
        if epoch != self._epoch:
            self._epoch, self.confirmations, self.doubts = epoch, Confirmations(), Doubts()
        return self
