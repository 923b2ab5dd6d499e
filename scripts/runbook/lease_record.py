"""The register's value: who is primary, under which epoch, rule and terms of trust."""

from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from scripts.runbook.errors import BadLeaseRecord, BadRule
from scripts.runbook.rule import Rule, either

Mode: TypeAlias = Literal["confirm", "auto"]
State: TypeAlias = Literal["held", "switching", "released"]


class LeaseKey(NamedTuple):
    """What a challenger watches: it changes with every renewal that anybody could ever have counted on."""

    epoch: int
    seq: int
    nonce: str


@dataclass(frozen=True)
class LeaseRecord:
    """One state of the lease; raises BadLeaseRecord when its parts contradict each other.

    rule: what acknowledges under this epoch. previous_rule: under what earlier epochs may have acknowledged; kept until
    the state is `held`, and until then a promotion hears both. live: the standbys that a deletion waits for.
    migration: the runbook that is changing the tables of all sites; while its primary answers nobody takes over.
    candidate: to whom a released lease goes. approved_by: the person whose word the last move or single copy rests on.
    """

    epoch: int
    holder: str
    seq: int
    nonce: str
    rule: Rule
    previous_rule: Rule | None
    live: tuple[str, ...]
    mode: Mode
    state: State
    candidate: str | None = None
    approved_by: str | None = None
    runbook_id: str | None = None
    migration: str | None = None

    def __post_init__(self) -> None:
        problem = _type_problem(self) or _sense_problem(self)
        if problem:
            raise BadLeaseRecord(f"The lease record of epoch {self.epoch!r} {problem}.")

    @classmethod
    def first(cls, holder: str, rule: Rule, live: tuple[str, ...], mode: Mode = "confirm") -> "LeaseRecord":
        """Return the record that a new register begins with: epoch 1, not yet renewed by anybody."""
        return cls(1, holder, 0, "", rule, None, live, mode, "held")

    @property
    def key(self) -> LeaseKey:
        return LeaseKey(self.epoch, self.seq, self.nonce)

    def rules_to_hear(self) -> tuple[Rule, ...]:
        """Return every rule under which a write may have been acknowledged that a promotion now would have to find."""
        return (self.rule,) if self.previous_rule is None else (self.rule, self.previous_rule)

    def rule_to_hear(self) -> Rule:
        """Return the same as one rule: its hearings find what was acknowledged under any of them."""
        return self.rule if self.previous_rule is None else either(self.rule, self.previous_rule)

    def to_value(self) -> dict[str, Any]:
        """Return the plain dictionary that the register keeps."""
        previous = self.previous_rule.to_value() if self.previous_rule else None
        value = {**vars(self), "rule": self.rule.to_value(), "previous_rule": previous, "live": list(self.live)}
        # A version that knows no migrations reads every record but those of one.
        return value if self.migration else {name: part for name, part in value.items() if name != "migration"}

    @classmethod
    def from_value(cls, value: object) -> "LeaseRecord":
        """Read the register's value; raises BadLeaseRecord in one sentence."""
        if not isinstance(value, dict) or {*value, "migration"} != _FIELDS or not isinstance(value["live"], list):
            raise BadLeaseRecord(
                f"The register holds no lease record but {str(value)[:200]!r}; was it made by another program?"
            )
        try:
            fields_read: dict[str, Any] = {**value, "live": tuple(value["live"]), **_rules(value)}
            return cls(**fields_read)
        except BadRule as error:
            raise BadLeaseRecord(
                f"The lease record of epoch {value['epoch']!r} has a rule that cannot be read. {error}"
            ) from error


def _rules(value: dict[str, Any]) -> dict[str, Any]:
    previous = value["previous_rule"]
    return {
        "rule": Rule.from_json(value["rule"]),
        "previous_rule": None if previous is None else Rule.from_json(previous),
    }


_FIELDS = {field.name for field in fields(LeaseRecord)}


def _type_problem(record: LeaseRecord) -> str | None:
    """Name the first part that is not of its kind."""
    for name in ("epoch", "seq"):
        number = getattr(record, name)
        if type(number) is not int or number < 0:
            return f"has {number!r} as {name}, which is no count"
    words = [record.holder, record.nonce, *record.live]
    perhaps = (record.candidate, record.approved_by, record.runbook_id, record.migration)
    words += [word for word in perhaps if word is not None]
    if any(not isinstance(word, str) for word in words):
        return f"holds something that is not text among {words!r}"
    if record.mode not in get_args(Mode) or record.state not in get_args(State):
        return f"is in mode {record.mode!r} and state {record.state!r}, which are not both known"
    return None


def _sense_problem(record: LeaseRecord) -> str | None:
    """Name the first part that contradicts another."""
    if not record.holder:
        return "names no holder"
    if record.holder in record.rule.sites:
        return f"counts the primary {record.holder} among the sites that confirm its own writes"
    if (record.state == "switching") != (record.previous_rule is not None):
        return f"is {record.state} {'with' if record.previous_rule else 'without'} a previous rule"
    if record.migration and record.state != "held":
        return f"is {record.state} with the migration {record.migration} under way"
    if (record.state == "released") != (record.candidate is not None):
        return f"is {record.state} {'with' if record.candidate else 'without'} a candidate"
    return None
