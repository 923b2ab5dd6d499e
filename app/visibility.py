"""Who may see a post, and what a timeline leaves out for its reader.

A post is seen by everybody when it is public or unlisted, by the author's followers when it is private, by the people
it names always; and by nobody whom the author blocks.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, or_, select
from sqlalchemy.orm import aliased

from app.models import Account, Block, Follow, Mention, Mute, Status

Reader = UUID | SQLColumnExpression[UUID]
PUBLIC = ("public", "unlisted")


def visible_to(viewer: Reader | None) -> ColumnElement[bool]:
    """Give the condition that a reader (None: anybody) may see a post."""
    public = Status.visibility.in_(PUBLIC)
    if viewer is None:
        return public
    followed = select(Follow.id).where(Follow.account_id == viewer, Follow.target_id == Status.account_id).exists()
    seen = or_(public, and_(Status.visibility == "private", followed), names(viewer))
    return or_(Status.account_id == viewer, and_(seen, ~blocked_by(Status.account_id, viewer)))


def names(viewer: Reader) -> ColumnElement[bool]:
    """Give the condition that a post names a person."""
    return select(Mention.status_id).where(Mention.status_id == Status.id, Mention.account_id == viewer).exists()


def blocked_by(author: Reader, viewer: Reader) -> ColumnElement[bool]:
    """Give the condition that an author blocks a reader."""
    return select(Block.id).where(Block.account_id == author, Block.target_id == viewer).exists()


def wanted_by(viewer: Reader | None, author: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """Give the condition that a reader neither blocked nor muted an author, nor is blocked by them."""
    if viewer is None:
        return author.is_not(None)
    muted = select(Mute.id).where(Mute.account_id == viewer, Mute.target_id == author).exists()
    return and_(~muted, ~blocked_by(viewer, author), ~blocked_by(author, viewer))


def heard_by(viewer: Reader | None, author: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """Give the condition that an author is not limited, or followed by the reader, or the reader."""
    # A value looked up by its key: as a condition that something exists, the whole table of accounts would be read.
    limited = select(Account.limited_at.is_not(None)).where(Account.id == author).scalar_subquery()
    if viewer is None:
        return ~limited
    followed = select(Follow.id).where(Follow.account_id == viewer, Follow.target_id == author).exists()
    return or_(~limited, author == viewer, followed)


def boost_wanted_by(viewer: Reader) -> ColumnElement[bool]:
    """Give the condition that a post is no boost, or a boost of somebody whom the reader wants to read."""
    original = aliased(Status)
    kept = select(original.id).where(original.id == Status.reblog_of_id, wanted_by(viewer, original.account_id))
    return or_(Status.reblog_of_id.is_(None), kept.exists())
