"""What clients ask first: which server this is and what it allows."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import func, select

from app.address import base_of
from app.featured import MAX_FEATURED, MAX_PINS
from app.models import Account, Status
from app.pictures import MAX_PIXELS, MIME_TYPES
from app.polls import DURATION, MAX_OPTION
from app.post_columns import MAX_OPTIONS
from app.services import Parts
from app.statuses import MAX_CHARACTERS, MAX_PICTURES
from app.tokens import TOP_SCOPES

router = APIRouter(tags=["instance"])

VERSION = "4.3.0 (compatible; Lifeboat 0.1.0)"
TITLE = "Lifeboat"
DESCRIPTION = (
    "A social app on three clouds: when one of them ends, it goes on, and nothing you were told is saved is lost."
)


@router.get("/api/v1/instance")
async def instance_v1(request: Request, parts: Parts) -> dict[str, Any]:
    """Give the Instance entity of API version 1."""
    users, statuses = await _totals(parts)
    return {
        "uri": request.url.hostname,
        "title": TITLE,
        "short_description": DESCRIPTION,
        "description": DESCRIPTION,
        "email": "",
        "version": VERSION,
        "urls": {"streaming_api": base_of(request).replace("http", "ws", 1)},
        "stats": {"user_count": users, "status_count": statuses, "domain_count": 0},
        "thumbnail": None,
        "languages": ["en"],
        "registrations": parts.settings.sign_up != "closed",
        "approval_required": False,
        "invites_enabled": parts.settings.sign_up == "invitation",
        "configuration": _configuration(parts.settings.max_upload_bytes),
        "contact_account": None,
        "rules": [],
    }


@router.get("/api/v2/instance")
async def instance_v2(request: Request, parts: Parts) -> dict[str, Any]:
    """Give the Instance entity of API version 2."""
    users, _ = await _totals(parts)
    base = base_of(request)
    return {
        "domain": request.url.hostname,
        "title": TITLE,
        "version": VERSION,
        "source_url": base,
        "description": DESCRIPTION,
        "usage": {"users": {"active_month": users}},
        "thumbnail": {"url": f"{base}/static/header.png"},
        "icon": [],
        "languages": ["en"],
        "configuration": _configuration(parts.settings.max_upload_bytes)
        | {
            "urls": {"streaming": base.replace("http", "ws", 1)},
            "vapid": {"public_key": parts.pusher.public_key},
            "translation": {"enabled": False},
        },
        "registrations": {"enabled": parts.settings.sign_up != "closed", "approval_required": False, "message": None},
        "api_versions": {"mastodon": 2},
        "contact": {"email": "", "account": None},
        "rules": [],
    }


@router.get("/.well-known/oauth-authorization-server")
async def oauth_server(request: Request) -> dict[str, Any]:
    """Say where and how clients get tokens (RFC 8414)."""
    base = base_of(request)
    return {
        "issuer": f"{base}/",
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "app_registration_endpoint": f"{base}/api/v1/apps",
        "service_documentation": f"{base}/openapi.json",
        "scopes_supported": sorted(TOP_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials", "password"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }


def _configuration(max_bytes: int) -> dict[str, Any]:
    return {
        "accounts": {"max_featured_tags": MAX_FEATURED, "max_pinned_statuses": MAX_PINS},
        "statuses": {
            "max_characters": MAX_CHARACTERS,
            "max_media_attachments": MAX_PICTURES,
            "characters_reserved_per_url": 23,
        },
        "media_attachments": {
            "supported_mime_types": list(MIME_TYPES),
            "image_size_limit": max_bytes,
            "image_matrix_limit": MAX_PIXELS,
            "video_size_limit": 0,
            "video_frame_rate_limit": 0,
            "video_matrix_limit": 0,
        },
        "polls": {
            "max_options": MAX_OPTIONS,
            "max_characters_per_option": MAX_OPTION,
            "min_expiration": DURATION[0],
            "max_expiration": DURATION[1],
        },
    }


async def _totals(parts: Parts) -> tuple[int, int]:
    query = select(
        select(func.count()).select_from(Account).scalar_subquery(),
        select(func.count()).select_from(Status).scalar_subquery(),
    )
    async with parts.database.read() as connection:
        users, statuses = (await connection.execute(query)).one()
    return users, statuses
