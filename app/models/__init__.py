"""The tables. Every one is replicated unless its `info` says `per_site`."""

from app.models.base import PER_SITE, Base
from app.models.clients import AccessToken, Application, AuthorizationCode, IdempotencyKey
from app.models.media import MediaOutbox, Takedown
from app.models.people import Account, Block, Follow, FollowRequest, Invitation, Mute, Notification, Report
from app.models.posts import Bookmark, Favourite, MediaAttachment, Mention, Status, StatusEdit, StatusTag
from app.models.publishing import Poll, PollVote, ScheduledStatus
from app.models.push import PushSubscription
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
from app.models.security import Attempt, RecoveryCode, ResetToken, RetiredName
from app.models.work import Promise, StreamEvent

__all__ = [
    "PER_SITE",
    "AccessToken",
    "Account",
    "Application",
    "Attempt",
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
    "Promise",
    "PushSubscription",
    "ReadingList",
    "RecoveryCode",
    "Report",
    "ResetToken",
    "RetiredName",
    "ScheduledStatus",
    "Status",
    "StatusEdit",
    "StatusTag",
    "StreamEvent",
    "TagFollow",
    "Takedown",
]
