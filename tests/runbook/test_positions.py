"""What a slot's stream says about how far a site has applied its primary: property tests over built pgoutput messages."""

import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.runbook.positions import (
    AppliedTransaction,
    applied_transactions,
    format_lsn,
    last_applied,
    parse_lsn,
    resume_after,
)

LSN = st.integers(0, 2**64 - 1)


@dataclass(frozen=True)
class Transaction:
    """One transaction of this site's log: applied from `origin`, where it ended at `origin_lsn`; None is a local one."""

    origin: str | None
    origin_lsn: int
    end: int

    def messages(self) -> list[bytes]:
        """Return it as pgoutput sends it: Begin, the Origin if it has one, an Insert, Commit."""
        begin = b"B" + struct.pack(">QqI", self.end, 0, 7)
        origin = [b"O" + struct.pack(">Q", self.origin_lsn) + self.origin.encode() + b"\0"] if self.origin else []
        row = b"I" + struct.pack(">I", 16_384) + b"N\0\1t\0\0\0\1O"
        commit = b"C" + struct.pack(">BQQq", 0, self.end - 8, self.end, 0)
        return [begin, *origin, row, commit]


@st.composite
def logs(draw: st.DrawFn) -> list[Transaction]:
    """A site's log: applied and local transactions in order; each origin's positions grow, as its log does."""
    at, reached, log = 100, {"pg_16400": 1_000, "pg_16999": 2**33}, []
    for step in draw(st.lists(st.integers(8, 2**34), max_size=12)):
        at += step
        origin = draw(st.sampled_from([None, *reached]))
        if origin:
            reached[origin] += draw(st.integers(1, 2**34))
        log.append(Transaction(origin, reached[origin] if origin else 0, at))
    return log


def stream(log: list[Transaction]) -> list[AppliedTransaction]:
    return applied_transactions(message for transaction in log for message in transaction.messages())


@given(LSN)
def test_a_position_reads_back_as_it_was_written(position: int) -> None:
    """Every number of bytes has one text, and the text is that number again."""
    text = format_lsn(position)

    assert parse_lsn(text) == position
    assert parse_lsn(text.lower()) == position


@pytest.mark.parametrize(("text", "position"), [("0/0", 0), ("16/B374D848", 0x16_B374D848), ("1/0", 2**32)])
def test_positions_are_spelled_as_postgres_spells_them(text: str, position: int) -> None:
    """The documentation's own example, and the edge between the two halves."""
    assert parse_lsn(text) == position
    assert format_lsn(position) == text


@given(logs())
def test_exactly_the_applied_transactions_are_found(log: list[Transaction]) -> None:
    """Each with its origin's position and its own end; the local ones are left out, also right after an applied one."""
    assert stream(log) == [
        AppliedTransaction(one.origin, one.origin_lsn, one.end) for one in log if one.origin is not None
    ]


@given(logs(), st.data())
def test_a_follower_goes_on_at_exactly_what_it_lacks(log: list[Transaction], data: st.DataObject) -> None:
    """For every position it may have: nothing it has is sent again, and nothing it lacks is left out."""
    origin = "pg_16400"
    position = data.draw(st.sampled_from([0, 999, *(one.origin_lsn for one in log), 2**63]))
    mine = [one for one in log if one.origin == origin]

    target = resume_after(stream(log), origin, position)

    sent = [one for one in mine if one.end > (target or 0)]
    assert sent == [one for one in mine if one.origin_lsn > position]


@given(logs())
def test_the_last_applied_position_is_the_origins_newest(log: list[Transaction]) -> None:
    """Per origin; another origin's larger numbers do not count, and none at all is 0."""
    for origin in ("pg_16400", "pg_16999", "pg_1"):
        assert last_applied(stream(log), origin) == max(
            (one.origin_lsn for one in log if one.origin == origin), default=0
        )


@given(logs(), st.integers(0, 40))
def test_a_stream_that_breaks_off_counts_only_what_was_committed(log: list[Transaction], length: int) -> None:
    """An Origin whose Commit never came is no applied transaction."""
    messages = [message for transaction in log for message in transaction.messages()][:length]

    found = applied_transactions(messages)

    committed = sum(message[:1] == b"C" for message in messages)
    assert found == [
        AppliedTransaction(one.origin, one.origin_lsn, one.end) for one in log[:committed] if one.origin is not None
    ]


def test_nothing_known_moves_nothing() -> None:
    """With no transaction at or below the position there is no target."""
    applied = [AppliedTransaction("pg_1", 500, 90)]

    assert resume_after(applied, "pg_1", 499) is None
    assert resume_after([], "pg_1", 10**9) is None
    assert resume_after(applied, "pg_2", 10**9) is None
