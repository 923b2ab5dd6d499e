"""Places in timelines, and a person's preferences."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from app import markers, profiles
from app.authentication import Person, person
from app.body import Fields, body_of
from app.errors import Unprocessable
from app.markers import TIMELINES
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1", tags=["markers"])


class Place(Fields):
    """The last entry that was read."""

    last_read_id: str = ""


class Places(Fields):
    """How far the timelines were read."""

    home: Place | None = None
    notifications: Place | None = None


@router.get("/markers")
async def show(
    who: Annotated[Person, Depends(person("read:statuses"))],
    parts: Parts,
    listed: Annotated[list[str], Query(alias="timeline[]")] = [],  # noqa: B006
    single: Annotated[list[str], Query(alias="timeline")] = [],  # noqa: B006
) -> dict[str, Any]:
    """Give how far the caller has read the timelines named."""
    wanted = [name for name in TIMELINES if name in {*listed, *single}]
    async with parts.database.read() as connection:
        return await markers.of(connection, who.account_id, wanted)


@router.post("/markers")
async def place(
    who: Annotated[Person, Depends(person("write:statuses"))],
    form: Annotated[Places, Depends(body_of(Places))],
    write: Write,
) -> dict[str, Any]:
    """Store how far the caller has read."""
    places = {name: found for name in TIMELINES if (found := getattr(form, name)) is not None}
    if not places:
        raise Unprocessable(f"Validation failed: Name at least one of {', '.join(TIMELINES)}.")
    async with write.transaction() as connection:
        for name, found in places.items():
            await markers.place(connection, who.account_id, name, found.last_read_id)
        return await markers.of(connection, who.account_id, list(places))


@router.get("/preferences")
async def preferences(who: Annotated[Person, Depends(person("read:accounts"))], parts: Parts) -> dict[str, Any]:
    """Give the caller's preferences."""
    async with parts.database.read() as connection:
        return _preferences(await profiles.own(connection, who.account_id))


def _preferences(row: Any) -> dict[str, Any]:
    """Give the Preferences of an account."""
    return {
        "posting:default:visibility": row.privacy,
        "posting:default:sensitive": row.sensitive,
        "posting:default:language": row.language,
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
    }
