"""Rows of our tables as the entities of Mastodon's client API."""

from typing import Any
from uuid import UUID

from app.copies import CONTENT_TYPES
from app.ids import to_api
from app.moments import moment
from app.poll_entities import filter_result, poll_entity
from app.posts import Post
from app.text import to_html


def account_entity(row: Any, base: str) -> dict[str, Any]:
    """Give the Account entity; `base` is the address the client used, without a slash at its end."""
    avatar = f"{base}/{row.avatar_key or 'static/avatar.png'}"
    header = f"{base}/{row.header_key or 'static/header.png'}"
    return {
        "id": to_api(row.id),
        "username": row.username,
        "acct": row.username,
        "display_name": row.display_name or row.username,
        "locked": row.locked,
        "bot": row.bot,
        "discoverable": row.discoverable,
        "group": False,
        "created_at": moment(row.created_at),
        "note": str(to_html(row.note)),
        "url": f"{base}/@{row.username}",
        "uri": f"{base}/users/{row.username}",
        "avatar": avatar,
        "avatar_static": avatar,
        "header": header,
        "header_static": header,
        "followers_count": row.followers,
        "following_count": row.following,
        "statuses_count": row.statuses,
        "last_status_at": row.last_status_at.date().isoformat() if row.last_status_at else None,
        "emojis": [],
        "fields": [_field(field) for field in row.fields],
        "roles": [],
    } | ({"limited": True} if row.limited_at else {})


def _field(field: dict[str, str]) -> dict[str, Any]:
    return {"name": field["name"], "value": str(to_html(field["value"], wrapped=False)), "verified_at": None}


def credential_entity(row: Any, base: str) -> dict[str, Any]:
    """Give the CredentialAccount entity: the Account of the caller with what only its owner sees."""
    source = {
        "privacy": row.privacy,
        "sensitive": row.sensitive,
        "language": row.language,
        "note": row.note,
        "fields": [field | {"verified_at": None} for field in row.fields],
        "follow_requests_count": row.requests,
    }
    return account_entity(row, base) | {"source": source}


def media_entity(row: Any, base: str) -> dict[str, Any]:
    """Give the MediaAttachment entity; the picture is served under the same address that the client used."""
    url = f"{base}/{row.key}"
    original = {"key": row.key, "width": row.width, "height": row.height}
    small = row.sizes.get("small", original)
    sizes = {"original": _size(original), "small": _size(small)}
    return {
        "id": to_api(row.id),
        "type": "image",
        "url": url,
        "preview_url": f"{base}/{small['key']}",
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"focus": {"x": row.focus_x, "y": row.focus_y}, **sizes},
        "description": row.description,
        "blurhash": row.blurhash,
    }


def _size(picture: dict[str, Any]) -> dict[str, Any]:
    width, height = picture["width"], picture["height"]
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": round(width / height, 6)}


def status_entity(post: Post, base: str) -> dict[str, Any]:
    """Give the Status entity; a boost carries the post that it boosts."""
    row, address = post.row, f"{base}/@{post.account.username}/{to_api(post.row.id)}"
    original = status_entity(post.original, base) if post.original else None
    # What is counted and what the reader did belongs to the original; a boost repeats it.
    shown = post.original.row if post.original else row
    return {
        "id": to_api(row.id),
        "created_at": moment(row.created_at),
        "in_reply_to_id": _id(row.in_reply_to_id),
        "in_reply_to_account_id": _id(row.in_reply_to_account_id),
        "sensitive": shown.sensitive,
        "spoiler_text": shown.spoiler_text,
        "visibility": row.visibility,
        "language": shown.language,
        "uri": f"{base}/users/{post.account.username}/statuses/{to_api(row.id)}",
        "url": original["url"] if original else address,
        "replies_count": shown.replies,
        "reblogs_count": shown.boosts,
        "favourites_count": shown.favourites,
        "edited_at": moment(shown.edited_at) if shown.edited_at else None,
        "content": original["content"] if original else content(row, base),
        "reblog": original,
        "application": {"name": post.application, "website": None} if post.application else None,
        "account": account_entity(post.account, base),
        "media_attachments": [media_entity(picture, base) for picture in post.pictures],
        "mentions": original["mentions"] if original else [_mention(*named, base) for named in row.names],
        "tags": original["tags"] if original else [tag_entity(name, base) for name in row.tags],
        "emojis": [],
        "card": None,
        "poll": poll_entity(shown.poll),
        "favourited": shown.favourited,
        "reblogged": shown.reblogged,
        "muted": False,
        "bookmarked": shown.bookmarked,
        "pinned": shown.pinned,
        "filtered": [filter_result(found, to_api(shown.id)) for found in shown.filtered],
    }


def content(row: Any, base: str) -> str:
    """Give the text of a post as HTML, with links to the people and tags in it."""
    return str(to_html(row.text, [name for _, name in row.names], row.tags, base))


def edit_entity(version: Any, post: Post, base: str) -> dict[str, Any]:
    """Give the StatusEdit entity of one version of a post; one with a poll says what it asked."""
    options = [{"title": title} for title in version.poll_options or ()]
    return {
        "content": str(to_html(version.text, [name for _, name in post.row.names], post.row.tags, base)),
        "spoiler_text": version.spoiler_text,
        "sensitive": version.sensitive,
        "created_at": moment(version.created_at),
        "account": account_entity(post.account, base),
        "media_attachments": [media_entity(picture, base) for picture in post.pictures],
        "emojis": [],
    } | ({"poll": {"options": options}} if options else {})


def tag_entity(name: str, base: str) -> dict[str, str]:
    """Give the Tag entity, as a post shows it."""
    return {"name": name, "url": f"{base}/tags/{name}"}


def _mention(account_id: str, username: str, base: str) -> dict[str, str]:
    address = f"{base}/@{username}"
    return {"id": to_api(UUID(account_id)), "username": username, "acct": username, "url": address}


def _id(key: UUID | None) -> str | None:
    return to_api(key) if key else None


def content_type(key: str) -> str:
    """Give the media type of a stored picture by its name."""
    return CONTENT_TYPES[key.rpartition(".")[2]]
