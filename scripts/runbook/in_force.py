"""Pure: which rule a primary knows to be in force, and what to do so that the fence, the register and the wish agree."""

from typing import Literal

from scripts.runbook.lease_record import LeaseRecord
from scripts.runbook.rule import Rule

Act = Literal["nothing", "acknowledge nothing", "ask", "obey", "change"]


class InForce:
    """The newest committed record that this site knows of, and whether something newer may have been committed unheard.

    Times are monotonic seconds of the process. A new process is in doubt: an earlier one may have changed the rule.
    """

    def __init__(self) -> None:
        self.record: LeaseRecord | None = None
        self._doubt: float | None = float("-inf")

    @property
    def in_doubt(self) -> bool:
        return self._doubt is not None

    def take(self, record: LeaseRecord) -> None:
        """Take in a committed record unless a newer one is known: a slow reading must not bring an old rule back."""
        if self.record is None or (record.epoch, record.seq) >= (self.record.epoch, self.record.seq):
            self.record = record

    def renewed(self, record: LeaseRecord, began: float) -> None:
        """Take in a record that this site's own proposal committed, and when that was begun.

        Nothing proposed before it can come into force any more, so it ends every older doubt.
        """
        self.take(record)
        if self._doubt is not None and began >= self._doubt:
            self._doubt = None

    def unheard(self, now: float) -> None:
        """Note that a change was proposed and its answer did not come."""
        self._doubt = now


def next_act(in_force: Rule, obeyed: Rule, wanted: Rule, *, in_doubt: bool) -> Act:
    """Return what to do now; `obeyed` is what the fence holds.

    A fence in a joint phase stays in it as long as there is a doubt which of the two rules is in force: ask by a renewal.
    """
    if not wanted.clauses:
        return "nothing" if obeyed == wanted else "acknowledge nothing"
    if obeyed != in_force and in_doubt:
        return "ask"
    if wanted != in_force:
        return "change"
    return "nothing" if obeyed == in_force else "obey"
