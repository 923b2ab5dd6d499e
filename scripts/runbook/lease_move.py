"""One wish to become primary: whether the newest record allows it, and the record that follows it."""

from dataclasses import dataclass, replace

from scripts.runbook.lease_record import LeaseKey, LeaseRecord
from scripts.runbook.register import Value
from scripts.runbook.rule import Rule


@dataclass(frozen=True)
class Move:
    """One wish to become primary; `refusal` is the whole of who may."""

    site: str
    from_epoch: int
    rule: Rule
    runbook_id: str
    approved_by: str | None
    watched: LeaseKey | None
    live: tuple[str, ...] | None
    over_migration: str | None

    def next_value(self, value: Value, nonce: str) -> Value | None:
        record = LeaseRecord.from_value(value)
        if self.is_done(record):
            return replace(record, seq=record.seq + 1, nonce=nonce).to_value()
        return None if self.refusal(record) else self._taken_from(record, nonce).to_value()

    def is_done(self, record: LeaseRecord) -> bool:
        """Whether an earlier try of the same run won already."""
        return record.state != "released" and (record.holder, record.epoch, record.runbook_id) == (
            self.site,
            self.from_epoch + 1,
            self.runbook_id,
        )

    def refusal(self, record: LeaseRecord) -> str | None:
        """Return why this site may not take over from this record, in one sentence, or None when it may."""
        if record.epoch != self.from_epoch:
            by = f", by {record.approved_by}" if record.approved_by else ""
            return f"{record.holder} holds epoch {record.epoch}{by}, not epoch {self.from_epoch}; nothing was changed."
        released = record.state == "released"
        if record.holder == self.site and not released:
            return f"{self.site} is the primary already, at epoch {record.epoch}."
        if record.migration and record.migration != self.over_migration:
            return f"{record.holder} began {record.migration} meanwhile; nothing was changed."
        if self.rule.is_single_copy and not self.approved_by:
            return "Going on with one copy alone needs a person's name."
        if self.approved_by or (released and self.site in (record.candidate, record.holder)):
            return None
        return self._refusal_by_watch(record)

    def _refusal_by_watch(self, record: LeaseRecord) -> str | None:
        if record.mode != "auto":
            return f"{record.holder} holds epoch {record.epoch} in mode confirm: taking over needs a person's word."
        if record.key != self.watched:
            return f"{record.holder} has renewed epoch {record.epoch} since it was watched; nothing was changed."
        return None

    def _taken_from(self, record: LeaseRecord, nonce: str) -> LeaseRecord:
        live = tuple(name for name in record.live if name != self.site) if self.live is None else self.live
        return LeaseRecord(
            epoch=record.epoch + 1, holder=self.site, seq=0, nonce=nonce, rule=self.rule, live=live, mode=record.mode,
            previous_rule=record.rule_to_hear(), state="switching", approved_by=self.approved_by,
            runbook_id=self.runbook_id,
        )  # fmt: skip
