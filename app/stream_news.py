"""Which of the newest rows concern whom: what a look at the database tells each listener."""

import json
import time
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Select, literal, null, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from app import conversations, notifications, posts, reading_lists, streams, timelines
from app.conversation_entities import conversation_entity
from app.entities import status_entity
from app.errors import NotFound
from app.ids import from_parts, to_api
from app.listeners import Channel, Found, Listener
from app.models import (
    Follow,
    ListMember,
    Mention,
    Notification,
    ReadingList,
    Status,
    StatusTag,
    StreamEvent,
    TagFollow,
)
from app.notification_entities import notification_entity
from app.paging import MAX_LIMIT, Page
from app.posts import Post

WINDOW_SECONDS = 15.0  # longer than a statement may run

NEW = "update"
NOTICE = "notification"
TALK = "conversation"


async def newest(connection: AsyncConnection) -> list[Found]:
    """Give the rows of the last seconds, the oldest first: three ranges of primary keys."""
    since = from_parts(int((time.time() - WINDOW_SECONDS) * 1000), 0, 0)
    public, nobody = Status.visibility == "public", null()
    made = select(literal(NEW), Status.id, Status.id, Status.account_id, public, nobody).where(Status.id > since)
    notice = (Notification.id, Notification.status_id, Notification.from_account_id)
    told = select(literal(NOTICE), *notice, literal(False), Notification.account_id).where(Notification.id > since)
    event = (StreamEvent.kind, StreamEvent.id, StreamEvent.status_id, StreamEvent.author_id, StreamEvent.public)
    changed = select(*event, nobody).where(StreamEvent.id > since)
    rows = [Found(*row) for row in await connection.execute(union_all(made, told, changed))]
    return sorted(rows, key=lambda found: found.key)


async def tell(connection: AsyncConnection, listeners: list[Listener], fresh: list[Found]) -> None:
    concerned = await _concerned(connection, listeners, fresh)
    made = {found.key for found in fresh if found.kind == NEW}
    for listener in listeners:
        channel = listener.channel
        if channel.kind in {"user", "user:notification"}:
            await _tell_notices(connection, listener, fresh)
        if channel.kind == "direct" and made:
            await _tell_talks(connection, listener, made)
        if channel.kind in {"user:notification", "direct"} or (channel.of_person and channel.viewer not in concerned):
            continue
        if made:
            for post in reversed(await _posts(connection, channel, min(made))):
                if post.row.id in made:
                    listener.send(NEW, json.dumps(status_entity(post, listener.base)))
        await _tell_changes(connection, listener, fresh)


async def _concerned(connection: AsyncConnection, listeners: list[Listener], fresh: list[Found]) -> set[UUID | None]:
    """Name the people whose own timelines may hold something of this, in one statement for all of them."""
    people = {listener.channel.viewer for listener in listeners if listener.channel.of_person}
    authors = {found.author for found in fresh if found.kind != NOTICE}
    if not people or not authors:
        return set()
    keys = [found.status_id for found in fresh if found.status_id]
    readers = union(
        select(Follow.account_id).where(Follow.target_id.in_(authors), Follow.account_id.in_(people)),
        select(Mention.account_id).where(Mention.status_id.in_(keys), Mention.account_id.in_(people)),
        _by_tag(keys).where(TagFollow.account_id.in_(people)),
    )
    return {*(people & authors), *await connection.scalars(readers)}


def _by_tag(status_ids: list[UUID]) -> Select:
    query = select(TagFollow.account_id).join(StatusTag, StatusTag.name == TagFollow.name)
    return query.where(StatusTag.status_id.in_(status_ids))


async def _posts(connection: AsyncConnection, channel: Channel, oldest: UUID) -> list[Post]:
    """Give the newest posts of a channel's timeline: what it shows is decided in one place."""
    page = Page(MAX_LIMIT, since_id=UUID(int=oldest.int - 1))
    if channel.kind == "user":
        assert channel.viewer is not None
        return await timelines.home(connection, channel.viewer, page)
    if channel.kind == "list":
        assert channel.viewer is not None
        assert channel.list_id is not None
        try:
            listed = await reading_lists.one(connection, channel.viewer, channel.list_id)
        except NotFound:
            return []
        return await timelines.of_list(connection, channel.viewer, listed, page)
    if channel.kind == "hashtag":
        return await timelines.tagged(connection, channel.tag, page, channel.viewer, only_media=channel.only_media)
    return await timelines.public(connection, page, channel.viewer, only_media=channel.only_media)


async def _tell_notices(connection: AsyncConnection, listener: Listener, fresh: Iterable[Found]) -> None:
    viewer = listener.channel.viewer
    assert viewer is not None
    if keys := [found.key for found in fresh if found.kind == NOTICE and found.receiver == viewer]:
        for notice in await notifications.these(connection, viewer, keys):
            listener.send(NOTICE, json.dumps(notification_entity(notice, listener.base)))


async def _tell_talks(connection: AsyncConnection, listener: Listener, made: set[UUID]) -> None:
    viewer = listener.channel.viewer
    assert viewer is not None
    for talk in await conversations.ending_with(connection, viewer, made):
        listener.send(TALK, json.dumps(conversation_entity(talk, listener.base)))


async def _tell_changes(connection: AsyncConnection, listener: Listener, fresh: Iterable[Found]) -> None:
    """Tell of deletions and edits: in a person's own channel those that concern them, elsewhere the public ones."""
    channel = listener.channel
    told = [found for found in fresh if found.kind not in {NEW, NOTICE} and (channel.of_person or found.public)]
    if told and channel.kind == "list":
        members = await _members(connection, channel, {found.author for found in told})
        told = [found for found in told if found.author in members]
    edited = [found.status_id for found in told if found.kind == streams.CHANGED and found.status_id]
    shown = await posts.visible(connection, edited, channel.viewer) if edited else {}
    for found in told:
        assert found.status_id is not None
        if found.kind == streams.DELETED:
            listener.send(found.kind, to_api(found.status_id))
        elif (post := shown.get(found.status_id)) and (channel.kind != "hashtag" or channel.tag in post.row.tags):
            listener.send(found.kind, json.dumps(status_entity(post, listener.base)))


async def _members(connection: AsyncConnection, channel: Channel, authors: set[UUID]) -> set[UUID]:
    query = select(ListMember.account_id).join(ReadingList, ReadingList.id == ListMember.list_id)
    mine = (ReadingList.account_id == channel.viewer, ReadingList.id == channel.list_id)
    return set(await connection.scalars(query.where(*mine, ListMember.account_id.in_(authors))))
