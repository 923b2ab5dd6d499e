"""A conversation as the entity of Mastodon's client API."""

from typing import Any

from app.conversations import Talk
from app.entities import account_entity, status_entity
from app.ids import to_api


def conversation_entity(talk: Talk, base: str) -> dict[str, Any]:
    """Give the Conversation entity."""
    return {
        "id": to_api(talk.row.id),
        "unread": talk.row.unread,
        "accounts": [account_entity(person, base) for person in talk.people],
        "last_status": status_entity(talk.last, base) if talk.last else None,
    }
