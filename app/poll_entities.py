"""What a post's row says of its poll and of its reader's filters, as entities of Mastodon's client API."""

from typing import Any
from uuid import UUID

from app.ids import to_api
from app.moments import moment_of


def poll_entity(poll: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give the Poll entity of what a post's row says of its poll; hidden counts are shown when it has ended."""
    if poll is None:
        return None
    shown = poll["expired"] or not poll["hide_totals"]
    votes = poll["votes"][: len(poll["options"])]
    pairs = zip(poll["options"], votes, strict=True)
    return {
        "id": to_api(UUID(poll["id"])),
        "expires_at": moment_of(poll["expires"]),
        "expired": poll["expired"],
        "multiple": poll["multiple"],
        "votes_count": sum(votes),
        "voters_count": poll["voters"],
        "options": [{"title": title, "votes_count": count if shown else None} for title, count in pairs],
        "emojis": [],
        "voted": bool(poll["own"]),
        "own_votes": poll["own"] or [],
    }


def filter_result(found: dict[str, Any], shown_id: str) -> dict[str, Any]:
    """Give the FilterResult entity of a filter that fits a post."""
    shown = {
        "id": to_api(UUID(found["id"])),
        "title": found["title"],
        "context": found["context"],
        "expires_at": moment_of(found["expires"]) if found["expires"] else None,
        "filter_action": found["action"],
    }
    return {
        "filter": shown,
        "keyword_matches": found["words"] or [],
        "status_matches": [shown_id] if found["named"] else [],
    }
