"""A notification as the entity of Mastodon's client API."""

from typing import Any

from app.entities import account_entity, status_entity
from app.ids import to_api
from app.moments import moment
from app.notifications import Notice


def notification_entity(notice: Notice, base: str) -> dict[str, Any]:
    """Give the Notification entity."""
    entity = {
        "id": to_api(notice.row.id),
        "type": notice.row.kind,
        "created_at": moment(notice.row.created_at),
        "group_key": f"ungrouped-{to_api(notice.row.id)}",
        "account": account_entity(notice.account, base),
    }
    return entity | ({"status": status_entity(notice.post, base)} if notice.post else {})
