"""Rows of our tables as the entities of Mastodon's client API."""

import datetime
from typing import Any

from app.ids import to_api
from app.media import CONTENT_TYPES
from app.text import to_html


def moment(when: datetime.datetime) -> str:
    """Show a time as Mastodon does: UTC with milliseconds."""
    return when.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def account_entity(
    row: Any, base: str, *, statuses: int = 0, last_status_at: datetime.datetime | None = None
) -> dict[str, Any]:
    """Give the Account entity; `base` is the address the client used, without a slash at its end."""
    avatar = f"{base}/static/avatar.png"
    return {
        "id": to_api(row.id),
        "username": row.username,
        "acct": row.username,
        "display_name": row.display_name or row.username,
        "locked": False,
        "bot": False,
        "discoverable": True,
        "group": False,
        "created_at": moment(row.created_at),
        "note": str(to_html(row.note)),
        "url": f"{base}/@{row.username}",
        "uri": f"{base}/users/{row.username}",
        "avatar": avatar,
        "avatar_static": avatar,
        "header": f"{base}/static/header.png",
        "header_static": f"{base}/static/header.png",
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": statuses,
        "last_status_at": last_status_at.date().isoformat() if last_status_at else None,
        "emojis": [],
        "fields": [],
        "roles": [],
    }


def credential_entity(row: Any, base: str, **counts: Any) -> dict[str, Any]:
    """Give the CredentialAccount entity: the Account of the caller with what only its owner sees."""
    source = {
        "privacy": "public",
        "sensitive": False,
        "language": None,
        "note": row.note,
        "fields": [],
        "follow_requests_count": 0,
    }
    return account_entity(row, base, **counts) | {"source": source}


def media_entity(row: Any, base: str) -> dict[str, Any]:
    """Give the MediaAttachment entity; the picture is served under the same address that the client used."""
    url = f"{base}/{row.key}"
    size = {
        "width": row.width,
        "height": row.height,
        "size": f"{row.width}x{row.height}",
        "aspect": round(row.width / row.height, 6),
    }
    return {
        "id": to_api(row.id),
        "type": "image",
        "url": url,
        "preview_url": url,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"focus": {"x": row.focus_x, "y": row.focus_y}, "original": size, "small": size},
        "description": row.description,
        "blurhash": None,
    }


def status_entity(post: Any, base: str) -> dict[str, Any]:
    """Give the Status entity of a `statuses.Post`."""
    row, address = post.row, f"{base}/@{post.account.username}/{to_api(post.row.id)}"
    return {
        "id": to_api(row.id),
        "created_at": moment(row.created_at),
        "in_reply_to_id": to_api(row.in_reply_to_id) if row.in_reply_to_id else None,
        "in_reply_to_account_id": to_api(row.in_reply_to_account_id) if row.in_reply_to_account_id else None,
        "sensitive": row.sensitive,
        "spoiler_text": row.spoiler_text,
        "visibility": row.visibility,
        "language": row.language,
        "uri": f"{base}/users/{post.account.username}/statuses/{to_api(row.id)}",
        "url": address,
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "edited_at": None,
        "content": str(to_html(row.text)),
        "reblog": None,
        "application": {"name": post.application, "website": None} if post.application else None,
        "account": account_entity(post.account, base),
        "media_attachments": [media_entity(picture, base) for picture in post.pictures],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "card": None,
        "poll": None,
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "filtered": [],
    }


def content_type(key: str) -> str:
    """Give the media type of a stored picture by its name."""
    return CONTENT_TYPES[key.rpartition(".")[2]]
