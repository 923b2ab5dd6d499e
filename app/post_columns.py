"""The columns of a post's entity: counted and found by subqueries, so that a page is one statement."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from app.models import (
    Account,
    Application,
    Bookmark,
    ContentFilter,
    Favourite,
    FilterKeyword,
    FilterStatus,
    Follow,
    Mention,
    Pin,
    Poll,
    PollVote,
    Status,
    StatusTag,
)
from app.statements import VIEWER, Statement, keys

EMPTY = literal_column("'[]'::jsonb")
MAX_OPTIONS = 4  # of a poll


def account_counts(account_id: Any) -> dict[str, ColumnElement[Any]]:
    """Give the counts of an account as columns; each is counted from an index, so nothing has to be kept in step."""
    post = aliased(Status)
    mine = post.account_id == account_id
    newest = select(post.created_at).where(mine).order_by(post.id.desc()).limit(1)
    return {
        "statuses": select(func.count()).where(mine).correlate(Account).scalar_subquery(),
        "last_status_at": newest.correlate(Account).scalar_subquery(),
        "followers": select(func.count()).where(Follow.target_id == account_id).correlate(Account).scalar_subquery(),
        "following": select(func.count()).where(Follow.account_id == account_id).correlate(Account).scalar_subquery(),
    }


PUBLIC = (
    Account.id,
    Account.username,
    Account.display_name,
    Account.note,
    Account.fields,
    Account.avatar_key,
    Account.header_key,
    Account.locked,
    Account.bot,
    Account.discoverable,
    Account.limited_at,
    Account.created_at,
    *(column.label(name) for name, column in account_counts(Account.id).items()),
)
AUTHOR = tuple(column.key for column in PUBLIC)


@cache
def everything() -> Statement:
    """Give the statement for all that the entities of the posts `ids` need, as `viewer` sees them."""
    return Statement(
        select(
            *Status.__table__.columns,
            Application.name.label("application"),
            *(column.label(f"author_{column.key}") for column in PUBLIC),
            *(column.label(name) for name, column in _counts().items()),
            *(column.label(name) for name, column in _marks(VIEWER).items()),
            _names().label("names"),
            _tags().label("tags"),
            _poll(VIEWER).label("poll"),
            _filtered(VIEWER).label("filtered"),
        )
        .join(Account, Account.id == Status.account_id)
        .outerjoin(Application, Application.id == Status.application_id)
        .where(Status.id == any_(keys("ids")))
    )


def _counts() -> dict[str, ColumnElement[Any]]:
    reply, boost = aliased(Status), aliased(Status)
    conditions = {
        "replies": reply.in_reply_to_id == Status.id,
        "boosts": boost.reblog_of_id == Status.id,
        "favourites": Favourite.status_id == Status.id,
    }
    return {
        name: select(func.count()).where(condition).correlate(Status).scalar_subquery()
        for name, condition in conditions.items()
    }


def _marks(viewer: Any) -> dict[str, ColumnElement[bool]]:
    boost = aliased(Status)
    conditions = {
        "favourited": (Favourite.account_id == viewer, Favourite.status_id == Status.id),
        "reblogged": (boost.account_id == viewer, boost.reblog_of_id == Status.id),
        "bookmarked": (Bookmark.account_id == viewer, Bookmark.status_id == Status.id),
        "pinned": (Pin.account_id == viewer, Pin.status_id == Status.id),
    }
    return {name: select(1).where(*both).correlate(Status).exists() for name, both in conditions.items()}


def _names() -> ColumnElement[Any]:
    person = aliased(Account)
    pair = func.jsonb_build_array(person.id, person.username)
    named = select(func.coalesce(func.jsonb_agg(aggregate_order_by(pair, person.username)), EMPTY)).select_from(Mention)
    joined = named.join(person, person.id == Mention.account_id).where(Mention.status_id == Status.id)
    return joined.correlate(Status).scalar_subquery()


def _tags() -> ColumnElement[Any]:
    tags = func.jsonb_agg(aggregate_order_by(StatusTag.name, StatusTag.name))
    query = select(func.coalesce(tags, EMPTY)).where(StatusTag.status_id == Status.id)
    return query.correlate(Status).scalar_subquery()


def _poll(viewer: Any) -> ColumnElement[Any]:
    votes = [func.count().filter(PollVote.choice == choice) for choice in range(MAX_OPTIONS)]
    own = func.jsonb_agg(aggregate_order_by(PollVote.choice, PollVote.choice)).filter(PollVote.account_id == viewer)
    voters = func.count(PollVote.account_id.distinct())
    tally = select(func.jsonb_build_object("votes", func.jsonb_build_array(*votes), "voters", voters, "own", own))
    tally = tally.where(PollVote.poll_id == Poll.id).correlate(Poll).scalar_subquery()
    columns: dict[str, Any] = {name: Poll.__table__.c[name] for name in ("id", "options", "multiple", "hide_totals")}
    columns |= {"expires": func.extract("epoch", Poll.expires_at), "expired": Poll.expires_at <= func.now()}
    query = select(_object(columns).op("||")(tally)).where(Poll.status_id == Status.id)
    return query.correlate(Status).scalar_subquery()


def _filtered(viewer: Any) -> ColumnElement[Any]:
    """Find the reader's filters that fit; their words are looked for by the database, so only what fits travels."""
    text = func.concat(Status.spoiler_text, " ", Status.text)
    fits = and_(FilterKeyword.filter_id == ContentFilter.id, text.regexp_match(FilterKeyword.pattern, "i"))
    words = select(func.jsonb_agg(FilterKeyword.keyword)).where(fits).correlate(ContentFilter, Status).scalar_subquery()
    named = and_(FilterStatus.filter_id == ContentFilter.id, FilterStatus.status_id == Status.id)
    is_named = select(1).where(named).correlate(ContentFilter, Status).exists()
    columns: dict[str, Any] = {name: ContentFilter.__table__.c[name] for name in ("id", "title", "context", "action")}
    columns |= {"expires": func.extract("epoch", ContentFilter.expires_at), "words": words, "named": is_named}
    alive = or_(ContentFilter.expires_at.is_(None), ContentFilter.expires_at > func.now())
    query = select(func.jsonb_agg(_object(columns))).where(
        ContentFilter.account_id == viewer,
        Status.account_id != viewer,
        alive,
        or_(is_named, select(1).where(fits).correlate(ContentFilter, Status).exists()),
    )
    return func.coalesce(query.correlate(Status).scalar_subquery(), EMPTY)


def _object(columns: dict[str, Any]) -> ColumnElement[Any]:
    pairs = [part for name, column in columns.items() for part in (name, column)]
    return func.jsonb_build_object(*pairs)
