"""Pure: since when each standby owes the primary a confirmation, and which standbys the rule should name now."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.runbook.rule import Rule

LEAVE_SECONDS = 5.0
"""A standby that has owed a confirmation for this long leaves the rule."""
RETURN_SECONDS = 3.0
"""A standby comes back that has owed none longer than `IN_STEP_SECONDS` for this long."""
IN_STEP_SECONDS = 1.0

NOBODY_CONFIRMS = "nothing is acknowledged: no standby of the rule confirms"
"""The alarm that the primary raises then; readiness and the plan for one copy alone look for it."""

_MARKS = 64


@dataclass
class _Ledger:
    """What one standby owes: the moments at which something was there that it had not confirmed, oldest first."""

    marks: deque[tuple[float, int]] = field(default_factory=deque)
    in_step_since: float | None = None


class Confirmations:
    """Watches how far each standby has confirmed what the primary has committed. Times are monotonic seconds.

    Only what was there before a look counts, so a primary's agent that stood still for a minute accuses nobody.
    """

    def __init__(self) -> None:
        self._ledgers: dict[str, _Ledger] = {}

    def observe(self, now: float, log_end: int, confirmed: Mapping[str, int]) -> None:
        """Take in one look: the end of the primary's log and each standby's confirmed position, in bytes."""
        for site in [site for site in self._ledgers if site not in confirmed]:
            del self._ledgers[site]
        for site, position in confirmed.items():
            ledger = self._ledgers.setdefault(site, _Ledger())
            while ledger.marks and ledger.marks[0][1] <= position:
                ledger.marks.popleft()
            if position < log_end and len(ledger.marks) < _MARKS:
                ledger.marks.append((now, log_end))
            late = self.owing(site, now) >= IN_STEP_SECONDS
            ledger.in_step_since = None if late else now if ledger.in_step_since is None else ledger.in_step_since

    def owing(self, site: str, now: float) -> float:
        """Return for how many seconds the standby has owed its oldest missing confirmation; 0 when it owes none."""
        ledger = self._ledgers.get(site)
        return now - ledger.marks[0][0] if ledger and ledger.marks else 0.0

    def in_step(self, site: str, now: float) -> float:
        """Return for how many seconds the standby has confirmed everything within a second."""
        ledger = self._ledgers.get(site)
        return now - ledger.in_step_since if ledger and ledger.in_step_since is not None else 0.0


@dataclass(frozen=True)
class Standby:
    """What the primary knows of one standby. `owing`, `in_step`: seconds; `fault`: why its word must not count, or ""."""

    owing: float
    in_step: float
    fault: str = ""

    @property
    def may_stay(self) -> bool:
        return not self.fault and self.owing < LEAVE_SECONDS

    @property
    def may_return(self) -> bool:
        return not self.fault and self.in_step >= RETURN_SECONDS


def wanted_rule(rule: Rule, standbys: Mapping[str, Standby], alone: bool = False) -> Rule:
    """Return the rule that should be in force, `standbys` in the platform's order.

    `alone`: a person decided to go on with one copy; it ends with the first standby that is back in step. Nobody left
    who confirms changes nothing otherwise: then nothing is acknowledged. A standby with a fault never counts, even
    where that leaves the empty rule, which acknowledges nothing.
    """
    in_rule = {site: standby for site, standby in standbys.items() if site in rule.sites}
    counting = tuple(
        site for site, standby in standbys.items() if (standby.may_stay if site in in_rule else standby.may_return)
    )
    if counting:
        return rule if set(counting) == set(rule.sites) and len(rule.clauses) == 1 else Rule.of(*counting)
    if alone or rule.is_single_copy:
        return Rule.single_copy()
    sound = tuple(site for site, standby in in_rule.items() if not standby.fault)
    return Rule.of(*sound) if sound else Rule(())
