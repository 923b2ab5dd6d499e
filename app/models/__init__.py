"""The tables. Every one is replicated unless its `info` says `per_site`."""

from app.models.base import PER_SITE, Base
from app.models.clients import AccessToken, Application, AuthorizationCode, IdempotencyKey
from app.models.media import MediaOutbox, Takedown
from app.models.people import Account, Block, Follow, FollowRequest, Invitation, Mute, Notification, Report
from app.models.posts import Bookmark, Favourite, MediaAttachment, Mention, Status, StatusEdit, StatusTag
from app.models.publishing import Poll, PollVote, ScheduledStatus
from app.models.reading import (
    ContentFilter,
    Conversation,
    FeaturedTag,
    FilterKeyword,
    FilterStatus,
    ListMember,
    Marker,
    Pin,
    ReadingList,
    TagFollow,
)

__all__ = [
    "PER_SITE",
    "AccessToken",
    "Account",
    "Application",
    "AuthorizationCode",
    "Base",
    "Block",
    "Bookmark",
    "ContentFilter",
    "Conversation",
    "Favourite",
    "FeaturedTag",
    "FilterKeyword",
    "FilterStatus",
    "Follow",
    "FollowRequest",
    "IdempotencyKey",
    "Invitation",
    "ListMember",
    "Marker",
    "MediaAttachment",
    "MediaOutbox",
    "Mention",
    "Mute",
    "Notification",
    "Pin",
    "Poll",
    "PollVote",
    "ReadingList",
    "Report",
    "ScheduledStatus",
    "Status",
    "StatusEdit",
    "StatusTag",
    "TagFollow",
    "Takedown",
]
