"""The pictures of a form, each with what is said of it."""

from starlette.datastructures import UploadFile

from app.authentication import Person
from app.descriptions import Description
from app.durability import Writer
from app.ids import to_api
from app.routes.media import store
from app.services import Services


class SentPicture(Description):
    """One picture of a form."""

    file: UploadFile | str | None = None

    def said(self) -> Description:
        """Give what is said of it; a field that was left empty says nothing."""
        return Description(description=self.description or None, focus=self.focus or None)


async def keep_pictures(parts: Services, durable: Writer, author: Person, sent: dict[str, SentPicture]) -> list[str]:
    """Put the pictures of a form into the clouds, each under a key of its own, so that a retry finds all of them."""
    kept: list[str] = []
    key = durable.key
    for number, picture in sorted(sent.items()):
        if isinstance(picture.file, UploadFile) and (data := await picture.file.read()):
            durable.key = f"{key} picture {number}"
            kept.append(to_api((await store(parts, durable, author, data, picture.said())).id))
    durable.key = key
    return kept
