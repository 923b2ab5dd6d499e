"""The tables. Every one is replicated unless its `info` says `per_site`."""

from app.models.base import PER_SITE, Base
from app.models.clients import AccessToken, Application, AuthorizationCode, IdempotencyKey
from app.models.people import Account, Block, Follow, Mute, Notification, Report
from app.models.posts import Bookmark, Favourite, MediaAttachment, Mention, Status, StatusEdit, StatusTag

__all__ = [
    "PER_SITE",
    "AccessToken",
    "Account",
    "Application",
    "AuthorizationCode",
    "Base",
    "Block",
    "Bookmark",
    "Favourite",
    "Follow",
    "IdempotencyKey",
    "MediaAttachment",
    "Mention",
    "Mute",
    "Notification",
    "Report",
    "Status",
    "StatusEdit",
    "StatusTag",
]
