"""Push subscriptions, as Mastodon's API documents them: one for each token."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from app import subscriptions
from app.authentication import Person, person
from app.body import body_of
from app.errors import Unprocessable
from app.services import Parts, Services, Write
from app.subscriptions import ChangedSubscription, NewSubscription

router = APIRouter(prefix="/api/v1/push/subscription", tags=["push"])

Told = Annotated[Person, Depends(person("push"))]


@router.post("")
async def subscribe(
    who: Told, form: Annotated[NewSubscription, Depends(body_of(NewSubscription))], parts: Parts, write: Write
) -> dict[str, Any]:
    """Tell the caller's notifications to a push service, in place of where they were told before."""
    check(parts, form)
    async with write.transaction() as connection:
        row = await subscriptions.subscribe(connection, who.account_id, who.token_id, form)
    return subscriptions.entity(row, parts.pusher.public_key)


@router.get("")
async def show(who: Told, parts: Parts) -> dict[str, Any]:
    """Give where the caller's notifications are told."""
    async with parts.database.read() as connection:
        return subscriptions.entity(await subscriptions.of(connection, who.token_id), parts.pusher.public_key)


@router.put("")
async def change(
    who: Told, form: Annotated[ChangedSubscription, Depends(body_of(ChangedSubscription))], parts: Parts, write: Write
) -> dict[str, Any]:
    """Change which notifications are told."""
    async with write.transaction() as connection:
        row = await subscriptions.change(connection, who.token_id, form.data)
    return subscriptions.entity(row, parts.pusher.public_key)


@router.delete("")
async def end(who: Told, write: Write) -> dict[str, Any]:
    """Tell nothing there any more, on any live site."""
    async with write.transaction(every_standby=True) as connection:
        await subscriptions.end(connection, who.token_id)
    return {}


def check(parts: Services, form: NewSubscription) -> None:
    """Raise Unprocessable for keys or an address that no push service has, and where this server tells nobody."""
    if not parts.pusher.public_key:
        raise Unprocessable("This server has no key for push services (VAPID_KEY), so it tells nobody there.")
    parts.pusher.outgoing.check(form.subscription.endpoint)
    form.subscription.keys.check()
