"""The page on which a member lets their notifications be told on this device, and chooses which."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response

from app import subscriptions
from app.routes.push import check
from app.routes.shell import Asks, FormRoute, Reader, View, show
from app.routes.taking import Form, Pressed, Taken, taken
from app.services import Parts
from app.subscriptions import ALERTS, Wishes

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


class PushForm(Form):
    """What the browser says of its push service, and what is to be told (the kinds whose boxes are ticked)."""

    endpoint: str = ""
    p256dh: str = ""
    auth: str = ""
    alerts: list[str] = []  # noqa: RUF012
    policy: Literal["all", "followed", "follower", "none"] = "all"

    @property
    def wishes(self) -> Wishes:
        """Give what is to be told."""
        return Wishes(alerts=dict.fromkeys(self.alerts, True), policy=self.policy)


@router.get("/settings/notifications")
async def told(request: Request, parts: Parts, who: Asks, _reader: Reader) -> Response:
    """Show whether notifications are told on this device, and which."""
    assert who.person is not None
    async with parts.database.read() as connection:
        row = await subscriptions.known(connection, who.person.token_id)
    view = View(heading="Notifications on this device", tab="more")
    shown = {"row": row, "alerts": ALERTS, "public_key": parts.pusher.public_key}
    return await show(request, parts, who, view, template="push.html", shown=shown)


@router.post("/settings/notifications")
async def tell(sent: Annotated[Taken[PushForm], Depends(taken(PushForm))]) -> Response:
    """Tell notifications on this device, or others than before."""
    form, me = sent.form, sent.me
    keys = subscriptions.Keys(p256dh=form.p256dh, auth=form.auth)
    address = subscriptions.Address(endpoint=form.endpoint, keys=keys, standard=True)
    wanted = subscriptions.NewSubscription(subscription=address, data=form.wishes)
    if form.endpoint:
        check(sent.parts, wanted)
    async with sent.durable.transaction() as connection:
        if form.endpoint:
            await subscriptions.subscribe(connection, me.account_id, me.token_id, wanted)
        else:
            await subscriptions.change(connection, me.token_id, form.wishes)
    return sent.to("/settings/notifications")


@router.post("/settings/notifications/off")
async def tell_no_more(sent: Pressed) -> Response:
    """Tell nothing on this device any more."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await subscriptions.end(connection, sent.me.token_id)
    return sent.to("/settings/notifications")
