"""A site that came back with a tail of its own: what it alone had is reported, and both sites end with the same rows."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.runbook import understudies
from scripts.runbook.errors import RewindRefused, TailUnreadable
from scripts.runbook.positions import format_lsn
from scripts.runbook.replication import slot_name
from scripts.runbook.rows import read_values
from scripts.runbook.unique_values import unique_columns, unique_indexes
from tests.conftest import RunningPostgres
from tests.runbook.pairs import Act, Pair, Site, act

FULL = os.environ.get("LIFEBOAT_FULL") == "1"


def _id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


class Long(str):
    """A text that PostgreSQL keeps outside the row, and that a failing example does not print whole."""

    def __repr__(self) -> str:
        return f"Long({self[0]!r})"


def may_do(statement: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, tuple[Any, ...]]]:
    return st.tuples(st.just(statement), st.tuples(*values))


PEOPLE, POSTS = st.integers(1, 4), st.integers(1, 5).map(_id)
MAYBE_POSTS = st.none() | POSTS
WORDS = st.sampled_from(["bob", "eve", "", 'q"u,o(te', Long("x" * 9000), Long("y" * 9000), "Zürich \\ \n"])
STATEMENTS = st.one_of(
    may_do("INSERT INTO person (id, name, about, weight) VALUES (%s, %s, %s, 0.1)", PEOPLE, WORDS, WORDS),
    may_do("UPDATE person SET name = %s WHERE id = %s", WORDS, PEOPLE),
    may_do("UPDATE person SET about = %s, weight = 'NaN' WHERE id = %s", WORDS, PEOPLE),
    may_do("UPDATE person SET id = %s WHERE id = %s", PEOPLE, PEOPLE),
    may_do("DELETE FROM person WHERE id = %s", PEOPLE),
    may_do("INSERT INTO post VALUES (%s, %s, %s, %s, 'raw', '{\"b\":1,  \"a\":2}')", POSTS, PEOPLE, MAYBE_POSTS, WORDS),
    may_do("UPDATE post SET body = %s, reply_to = %s WHERE id = %s", WORDS, MAYBE_POSTS, POSTS),
    may_do("UPDATE post SET person_id = %s WHERE id = %s", PEOPLE, POSTS),
    may_do("DELETE FROM post WHERE id = %s", POSTS),
    may_do("INSERT INTO liking VALUES (%s, %s)", PEOPLE, POSTS),
    may_do("DELETE FROM liking WHERE person_id = %s AND post_id = %s", PEOPLE, POSTS),
)
ACTS = st.lists(st.builds(Act, st.lists(STATEMENTS, min_size=1, max_size=3).map(tuple)), max_size=12)


@pytest.fixture(scope="module")
def pair(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(*(Site(name, make_postgres(name), stack) for name in ("aws", "gcp")))


@settings(max_examples=400 if FULL else 20, deadline=None, suppress_health_check=list(HealthCheck))
@given(common=ACTS, tail=ACTS, since=ACTS)
def test_whatever_a_site_alone_did_both_end_with_the_same_rows(
    pair: Pair, common: list[Act], tail: list[Act], since: list[Act]
) -> None:
    """After a rejoin every table is equal, and every row in which the two differed at the fork is in the report."""
    pair.primary.does(*common)
    pair.primary.is_confirmed_by(pair.standby.name)
    fork = pair.primary.holds()
    pair.take_over()
    pair.standby.does(*tail)
    alone = pair.standby.holds()
    pair.primary.does(*since)

    report = pair.come_back()

    assert pair.standby.holds() == pair.primary.holds()
    reported = {(row.table, tuple(row.key.values())) for row in report.rows}
    assert keys_of(alone, fork) <= reported


def keys_of(one: dict[str, list[str]], other: dict[str, list[str]]) -> set[tuple[str, tuple[str, ...]]]:
    """Return the keys of the rows that are in one of two states and not, or not alike, in the other."""
    names = {"public.person": ["id"], "public.post": ["id"], "public.liking": ["person_id", "post_id"]}
    rows = {table: [json.loads(row) for row in set(one[table]) ^ set(other[table])] for table in names}
    return {(table, tuple(str(row[name]) for name in names[table])) for table in names for row in rows[table]}


def test_a_copy_finds_the_site_empty_and_nobody_who_reads_from_it_loses_a_row(pair: Pair) -> None:
    """Emptying a site is not in the stream that another one may still read from it; after the copy all is equal."""
    pair.primary.does(act("INSERT INTO person (id, name) VALUES (70, 'seventy')"))
    pair.take_over()
    end = understudies.view(pair.standby.agent).log

    pair.copy()

    stream = "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('to_azure', NULL, NULL, 'proto_version', '1', "
    told = "'publication_names', 'lifeboat') WHERE lsn >= %s::text::pg_lsn AND get_byte(data, 0) = ascii('T')"
    assert pair.standby.holds() == pair.primary.holds()
    assert pair.standby.agent.execute(stream + told, (format_lsn(end),)).fetchone() == (0,)


def test_a_tail_that_emptied_a_table_is_refused_in_a_sentence(pair: Pair) -> None:
    """Nothing is changed; the sentence names the table and the copy."""
    pair.take_over()
    pair.standby.does(act("INSERT INTO person (id, name) VALUES (71, 'of the tail')"))
    with psycopg.connect(pair.standby.running.owner_url) as owner:
        owner.execute("TRUNCATE liking")
    before = pair.standby.holds()

    with pytest.raises(TailUnreadable, match=r"it emptied the whole table public\.liking\. A full copy \(--copy\)"):
        pair.look_back()

    assert pair.standby.holds() == before
    pair.copy()


def test_rows_without_a_key_of_their_own_are_refused(pair: Pair) -> None:
    """A table whose rows are told apart by all their values cannot be put back row by row."""
    pair.take_over()
    with psycopg.connect(pair.standby.running.owner_url) as owner:
        owner.execute("ALTER TABLE liking REPLICA IDENTITY FULL")
    pair.standby.does(act("INSERT INTO person (id, name) VALUES (75, 'y')"), act("INSERT INTO post VALUES (%s, 75)", _id(75)),
                      act("INSERT INTO liking VALUES (75, %s)", _id(75)))  # fmt: skip

    with pytest.raises(TailUnreadable, match=r"the rows of public\.liking have no primary key to tell them apart by"):
        pair.look_back()

    with psycopg.connect(pair.standby.running.owner_url) as owner:
        owner.execute("ALTER TABLE liking REPLICA IDENTITY DEFAULT")
    pair.copy()


def test_rows_of_a_table_that_the_primary_does_not_know_are_refused(pair: Pair) -> None:
    """The primary says which table it lacks, and its slot stays where it was."""
    pair.take_over()
    with psycopg.connect(pair.standby.running.owner_url) as owner:
        owner.execute("ALTER TABLE liking ADD COLUMN warmth int")
    pair.standby.does(act("INSERT INTO person (id, name) VALUES (72, 'x')"), act("INSERT INTO post VALUES (%s, 72)", _id(72)),
                      act("INSERT INTO liking VALUES (72, %s, 3)", _id(72)))  # fmt: skip
    slot = understudies.slots(pair.primary.agent)[slot_name(pair.standby.name)].confirmed

    _, answer, _ = pair.look_back()

    assert answer.refusal == f"public.liking has other columns on {pair.primary.name}"
    assert understudies.slots(pair.primary.agent)[slot_name(pair.standby.name)].confirmed == slot
    with psycopg.connect(pair.standby.running.owner_url) as owner:
        owner.execute("ALTER TABLE liking DROP COLUMN warmth")
    pair.copy()


@pytest.mark.parametrize("killed_after", ["rewind", "follow"])
def test_a_return_that_was_killed_goes_on(pair: Pair, killed_after: str) -> None:
    """Begun again after any act, each act finds itself done, and the end is the same."""
    pair.take_over()
    made = "INSERT INTO person (id, name) VALUES (%s, %s)"
    number = 73 + ("rewind", "follow").index(killed_after)
    pair.standby.does(act("UPDATE person SET about = 'tail'"), act(made, number, f"tail {number}"))
    pair.primary.does(act(made, number, f"since {number}"))
    tail, answer, report = pair.look_back()
    pair.rewind(tail, answer)
    if killed_after == "follow":
        pair.follow(copy=False)

    pair.rewind(tail, answer)
    pair.follow(copy=False)

    assert pair.standby.holds() == pair.primary.holds()
    assert report is not None
    assert [row.done for row in report.rows if row.key == {"id": str(number)}] == [("inserted",)]


def test_the_report_shows_each_row_as_it_is_here_and_there(pair: Pair) -> None:
    """A row that was changed, one that was made and one that was removed; as JSON and as a page with nothing to run."""
    pair.primary.does(
        act("INSERT INTO person (id, name, about) VALUES (81, 'changed', 'before'), (83, 'removed', 'before')")
    )
    pair.primary.is_confirmed_by(pair.standby.name)
    pair.take_over()
    pair.standby.does(
        act("UPDATE person SET about = '<script>' WHERE id = 81"),
        act("INSERT INTO person (id, name) VALUES (82, 'made')"),
        act("DELETE FROM person WHERE id = 83"),
    )

    report = pair.come_back()

    found = {row["key"]["id"]: row for row in json.loads(report.to_json())["rows"]}
    assert [found[key]["done"] for key in ("81", "82", "83")] == [["updated"], ["inserted"], ["deleted"]]
    assert (found["81"]["old"]["about"], found["81"]["new"]["about"]) == ("<script>", "before")
    assert (found["82"]["new"], found["83"]["old"]) == (None, None)
    assert all(found[key]["differs"] for key in ("81", "82", "83"))
    page = report.to_html().decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "None of these transactions is known to have been acknowledged" in page


def part(pair: Pair, common: Act, tail: Act, *since: Act) -> None:
    """Let both have `common`, the old primary alone `tail`, and the new one go on by `since`."""
    pair.primary.does(common)
    pair.primary.is_confirmed_by(pair.standby.name)
    pair.take_over()
    pair.standby.does(tail)
    pair.primary.does(*since)


def test_a_unique_value_that_went_through_another_row_meanwhile_collides_with_nobody(pair: Pair) -> None:
    """The primary gave it to a second row, took it away again and gave it to the first: its stream goes through."""
    part(
        pair,
        act("INSERT INTO person (id, name) VALUES (91, 'a')"),
        act("UPDATE person SET about = 'tail' WHERE id = 91"),
        act("INSERT INTO person (id, name) VALUES (92, 'b')"),
        act("UPDATE person SET name = 'c' WHERE id = 92"),
        act("UPDATE person SET name = 'b' WHERE id = 91"),
    )

    pair.come_back()

    assert pair.standby.holds() == pair.primary.holds()


def test_a_unique_value_of_the_tail_that_the_primary_gave_to_another_row_collides_with_nobody(pair: Pair) -> None:
    """The tail renamed a row to what a new row is called there; that row was changed there too: its newest name is free."""
    part(
        pair,
        act("INSERT INTO person (id, name) VALUES (96, 'before')"),
        act("UPDATE person SET name = 'wanted' WHERE id = 96"),
        act("INSERT INTO person (id, name) VALUES (97, 'wanted')"),
        act("UPDATE person SET about = 'since' WHERE id = 96"),
    )
    tail, answer, _ = pair.look_back()

    pair.rewind(tail, answer)
    pair.follow(copy=False)

    assert answer.tables["public.person"].own_taken == (("96",),)
    assert pair.standby.holds() == pair.primary.holds()


def test_where_no_unique_value_is_known_to_be_free_the_rewind_is_refused_before_anything_is_changed(pair: Pair) -> None:
    """What the row is called in the tail and what it is called by now were both another row's first: only a copy is left."""
    part(
        pair,
        act("INSERT INTO person (id, name) VALUES (98, 'at first')"),
        act("UPDATE person SET name = 'this' WHERE id = 98"),
        act("INSERT INTO person (id, name) VALUES (99, 'this')"),
        act("UPDATE person SET name = 'that' WHERE id = 99"),
        act("UPDATE person SET name = 'another' WHERE id = 99"),
        act("UPDATE person SET name = 'that' WHERE id = 98"),
    )
    tail, answer, _ = pair.look_back()
    before = pair.standby.holds()

    with pytest.raises(
        RewindRefused, match=r"unique of the row 98 of public\.person was another row's meanwhile.*--copy"
    ):
        pair.rewind(tail, answer)

    assert pair.standby.holds() == before
    pair.copy()
    assert pair.standby.holds() == pair.primary.holds()


def test_what_is_unique_is_what_the_indexes_read(pair: Pair) -> None:
    """A constraint, an index over two columns, one within an expression and one over some rows; no primary key, no payload."""
    with psycopg.connect(pair.primary.running.owner_url) as owner:
        owner.execute("CREATE TABLE odd (id int PRIMARY KEY, a text UNIQUE, b bool, c text, d text, e text, f text)")
        owner.execute("CREATE UNIQUE INDEX ON odd (d, b) INCLUDE (f)")
        owner.execute("CREATE UNIQUE INDEX ON odd (lower(c))")
        owner.execute("CREATE UNIQUE INDEX ON odd (e) WHERE f IS NULL")
        owner.execute("INSERT INTO odd VALUES (1, 'x', true, NULL, 'q\"', '', 'f')")

        found = unique_indexes(owner, "public.odd")
        values = read_values(owner, "public.odd", ["id"], [("1",), ("2",)], unique_columns(owner, "public.odd"))
        owner.rollback()

    assert found == (("a",), ("b", "d"), ("c",), ("e",))
    assert values == {("1",): {"a": "x", "b": "t", "d": 'q"', "e": ""}}


def test_a_row_that_got_another_key_meanwhile_is_there_to_be_found(pair: Pair) -> None:
    """The tail changed it, so the primary is asked for it and has it no more; the stream still finds it and moves it."""
    part(
        pair,
        act("INSERT INTO person (id, name, about) VALUES (94, 'm', 'before')"),
        act("UPDATE person SET about = 'tail' WHERE id = 94"),
        act("UPDATE person SET id = 95, about = 'since' WHERE id = 94"),
    )

    pair.come_back()

    assert pair.standby.holds() == pair.primary.holds()
