"""The archive of a person."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import httpx

from tests.app.conftest import Member


def opened(answer: httpx.Response) -> zipfile.ZipFile:
    """Open the archive of an answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_a_person_takes_everything_along(join: Callable[[], Member], picture: bytes) -> None:
    """It holds every post with its text, readers and pictures, and whom the person follows, likes and keeps away."""
    me, friend, rude = join(), join(), join()
    me.client.patch("/api/v1/accounts/update_credentials", json={"display_name": "Ada", "note": "sea"})
    media = me.client.post("/api/v2/media", files={"file": picture}, data={"description": "a colour"}).json()
    first = me.post("<b>hello</b> #boats", media_ids=[media["id"]], language="en")
    me.post("psst", visibility="private", in_reply_to_id=first["id"])
    theirs = friend.post("theirs")["id"]
    me.follow(friend)
    me.act(f"/api/v1/accounts/{rude.id}/block")
    for verb in ("favourite", "reblog", "bookmark"):
        me.act(f"/api/v1/statuses/{theirs}/{verb}")

    archive = opened(me.client.get("/api/v1/account/archive"))

    actor, outbox = (json.loads(archive.read(name)) for name in ("actor.json", "outbox.json"))
    create, reply, boost = outbox["orderedItems"]
    assert (actor["type"], actor["preferredUsername"], actor["name"]) == ("Person", me.username, "Ada")
    assert [item["type"] for item in outbox["orderedItems"]] == ["Create", "Create", "Announce"]
    assert create["object"]["source"]["content"] == "<b>hello</b> #boats"
    assert create["object"]["tag"][0]["name"] == "#boats"
    assert create["to"] == ["https://www.w3.org/ns/activitystreams#Public"]
    assert reply["object"]["inReplyTo"].endswith(first["id"])
    assert boost["object"].endswith(theirs)
    attached = create["object"]["attachment"][0]
    assert attached["name"] == "a colour"
    assert archive.read(attached["url"])[8:12] == b"WEBP"
    assert json.loads(archive.read("likes.json"))["orderedItems"][0].endswith(theirs)
    assert archive.read("following_accounts.csv").decode().split() == ["Account", "address", friend.username]
    assert archive.read("blocked_accounts.csv").decode().split()[-1] == rude.username
    assert archive.testzip() is None


def test_an_archive_holds_nothing_of_others(join: Callable[[], Member], anonymous: httpx.Client) -> None:
    """It is given to the person alone, and holds no post of anybody else."""
    me, other = join(), join()
    other.post("not mine")

    archive = opened(me.client.get("/api/v1/account/archive"))

    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"not mine" not in everything
    assert anonymous.get("/api/v1/account/archive").status_code == 401


def test_an_empty_account_has_an_archive(member: Member) -> None:
    """It holds the same files, all of them empty."""
    archive = opened(member.client.get("/api/v1/account/archive"))

    assert json.loads(archive.read("outbox.json"))["totalItems"] == 0
    names: Any = {name.partition(".")[0] for name in archive.namelist()}
    assert {"actor", "outbox", "likes", "bookmarks", "following_accounts", "followers", "muted_accounts"} <= names
