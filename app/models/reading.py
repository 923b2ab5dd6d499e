"""How a person reads: lists, filters, conversations, followed hashtags, places in a timeline; and what they feature."""

import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, OfAccount, OfStatus, When


class ReadingList(Base):
    """A list of followed people; the members of an exclusive one are not in the home timeline."""

    __tablename__ = "reading_list"
    __table_args__ = (Index("reading_list_by_account", "account_id", "id"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    title: Mapped[str]
    replies_policy: Mapped[str] = mapped_column(default="list", server_default="list")
    exclusive: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[When]


class ListMember(Base):
    """A person of a list."""

    __tablename__ = "list_member"
    __table_args__ = (UniqueConstraint("list_id", "account_id", name="list_member_once"),)

    id: Mapped[Key]
    list_id: Mapped[UUID] = mapped_column(ForeignKey("reading_list.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[When]


class ContentFilter(Base):
    """What a person does not want to read, where (`context`), and whether they are warned or it is hidden."""

    __tablename__ = "content_filter"
    __table_args__ = (Index("content_filter_by_account", "account_id", "id"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    title: Mapped[str]
    context: Mapped[list[str]] = mapped_column(ARRAY(Text))
    action: Mapped[str] = mapped_column(default="warn", server_default="warn")
    expires_at: Mapped[datetime.datetime | None]
    created_at: Mapped[When]


class FilterKeyword(Base):
    """A word of a filter; `pattern` is the expression that finds it."""

    __tablename__ = "filter_keyword"

    id: Mapped[Key]
    filter_id: Mapped[UUID] = mapped_column(ForeignKey("content_filter.id", ondelete="CASCADE"), index=True)
    keyword: Mapped[str]
    whole_word: Mapped[bool]
    pattern: Mapped[str]
    created_at: Mapped[When]


class FilterStatus(Base):
    """A single post that a filter names."""

    __tablename__ = "filter_status"
    __table_args__ = (UniqueConstraint("filter_id", "status_id", name="filter_status_once"),)

    id: Mapped[Key]
    filter_id: Mapped[UUID] = mapped_column(ForeignKey("content_filter.id", ondelete="CASCADE"))
    status_id: Mapped[UUID] = mapped_column(ForeignKey("status.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[When]


class Conversation(Base):
    """A person's view of a thread of direct posts: with whom, the last post, and whether it was read."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("account_id", "thread_id", name="conversation_once"),
        Index("conversation_by_account", "account_id", "last_status_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    thread_id: Mapped[UUID]
    participants: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    last_status_id: Mapped[UUID | None] = mapped_column(ForeignKey("status.id", ondelete="SET NULL"), index=True)
    unread: Mapped[bool]
    created_at: Mapped[When]


class Marker(Base):
    """How far a person has read a timeline."""

    __tablename__ = "marker"

    account_id: Mapped[OfAccount] = mapped_column(primary_key=True)
    timeline: Mapped[str] = mapped_column(primary_key=True)
    last_read_id: Mapped[str]
    version: Mapped[int]
    updated_at: Mapped[When]


class TagFollow(Base):
    """A person reads what carries a hashtag."""

    __tablename__ = "tag_follow"
    __table_args__ = (UniqueConstraint("account_id", "name", name="tag_follow_once"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    name: Mapped[str]
    created_at: Mapped[When]


class FeaturedTag(Base):
    """A hashtag that a person shows on their profile."""

    __tablename__ = "featured_tag"
    __table_args__ = (UniqueConstraint("account_id", "name", name="featured_tag_once"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    name: Mapped[str]
    created_at: Mapped[When]


class Pin(Base):
    """A post that its author keeps on top of their profile."""

    __tablename__ = "pin"
    __table_args__ = (UniqueConstraint("account_id", "status_id", name="pin_once"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    status_id: Mapped[OfStatus] = mapped_column(index=True)
    created_at: Mapped[When]
