"""Pictures through the API."""

from collections.abc import Callable
from typing import Any

import httpx
import obstore
import pytest

from app.middleware import FORM_BYTES
from tests.app.conftest import FenceControl, Member, RunningApp
from tests.app.test_media import dead_store


def upload(member: Member, data: bytes, **fields: str) -> dict[str, Any]:
    """Upload a picture and give its entity."""
    answer = member.client.post("/api/v2/media", files={"file": ("a.png", data, "image/png")}, data=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_picture_is_stored_described_and_served(member: Member, picture: bytes, anonymous: httpx.Client) -> None:
    """It gives the entity, and serves the bytes under the app's own address to be kept for ever."""
    made = upload(member, picture, description="a colour", focus="0.5,-0.5")

    served = anonymous.get(made["url"])

    assert (made["type"], made["description"], made["meta"]["focus"]) == ("image", "a colour", {"x": 0.5, "y": -0.5})
    assert made["meta"]["original"] == {"width": 64, "height": 48, "size": "64x48", "aspect": 1.333333}
    assert made["url"].startswith(str(anonymous.base_url))
    assert served.headers["content-type"] == "image/webp"
    assert served.headers["cache-control"] == "public, max-age=31536000, s-maxage=600, proxy-revalidate, immutable"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.content[8:12] == b"WEBP"
    assert anonymous.get(made["url"], headers={"If-None-Match": served.headers["etag"]}).status_code == 304


def test_a_picture_comes_with_its_post(member: Member, picture: bytes) -> None:
    """It attaches pictures in the order given, each to one post only."""
    first, second = upload(member, picture), upload(member, picture)

    post = member.post("", media_ids=[second["id"], first["id"]])
    again = member.client.post("/api/v1/statuses", json={"status": "x", "media_ids": [first["id"]]})

    assert [found["id"] for found in post["media_attachments"]] == [second["id"], first["id"]]
    assert again.status_code == 422
    assert "belongs to another post" in again.json()["error"]


def test_nobody_posts_the_picture_of_another(join: Callable[[], Member], picture: bytes) -> None:
    """It is not found for another person, neither to post nor to see nor to describe."""
    owner, other = join(), join()
    made = upload(owner, picture)

    answers = [
        other.client.post("/api/v1/statuses", json={"status": "x", "media_ids": [made["id"]]}),
        other.client.get(f"/api/v1/media/{made['id']}"),
        other.client.put(f"/api/v1/media/{made['id']}", json={"description": "mine"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 404, 404]


def test_a_description_is_changed(member: Member, picture: bytes) -> None:
    """It changes what was sent and keeps the rest."""
    made = upload(member, picture, description="before", focus="0,1")

    changed = member.client.put(f"/api/v1/media/{made['id']}", json={"description": "after"}).json()

    assert (changed["description"], changed["meta"]["focus"]) == ("after", {"x": 0.0, "y": 1.0})
    assert member.client.get(f"/api/v1/media/{made['id']}").json() == changed


@pytest.mark.parametrize(
    ("files", "fields", "sentence"),
    [
        ({}, {}, "File can't be blank"),
        ({"file": b"text"}, {}, "File is not a picture that can be read"),
        ({"file": b"text"}, {"focus": "left"}, "Focus must be two numbers"),
        ({"file": b"text"}, {"focus": "2,0"}, "Focus must be two numbers"),
        ({"file": b"text"}, {"description": "x" * 1501}, "Description character limit of 1500 exceeded"),
    ],
)
def test_an_odd_upload_is_refused(member: Member, files: Any, fields: dict[str, str], sentence: str) -> None:
    """It answers 422 in one sentence."""
    answer = member.client.post("/api/v2/media", files=files, data=fields)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


@pytest.mark.parametrize("said", [True, False], ids=["with its length", "in chunks"])
def test_an_upload_over_the_limit_is_refused(
    run_app: Callable[..., RunningApp], app_database: Any, member: Member, said: bool
) -> None:
    """It answers 413 in one sentence, also when the body never says how long it is."""
    small = run_app(app_database.url, max_upload_mib=1)
    body = b"x" * (1024 * 1024 + FORM_BYTES + 1)

    with small.client(authorization=f"Bearer {member.token}") as client:
        content = body if said else (body[start : start + 65536] for start in range(0, len(body), 65536))
        answer = client.post("/api/v2/media", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 413
    assert answer.json() == {"error": "The body is larger than the 1 MiB that this server takes."}


@pytest.mark.parametrize(
    "path", ["/media/aa/b.jpg", "/media/aa/" + "b" * 64 + ".jpg", "/media/../secret", "/media/aa/" + "a" * 64 + ".svg"]
)
def test_what_is_no_key_is_not_found(anonymous: httpx.Client, path: str) -> None:
    """It never asks a store for a name that is not one of ours."""
    assert anonymous.get(path).status_code == 404


def test_a_picture_lives_in_the_cloud_of_a_standby(
    app_server: RunningApp, member: Member, picture: bytes, fence: FenceControl, confirm: Callable[[str], None]
) -> None:
    """It is served by the peers' copy when the own bucket has lost it."""
    made = upload(member, picture)
    key = made["url"].removeprefix(app_server.address + "/")
    obstore.delete(app_server.own, key)

    served = member.client.get(made["url"])

    assert served.status_code == 200
    assert bytes(obstore.get(app_server.peers["gcp"], key).bytes()) == served.content


def key_of(app_server: RunningApp, made: dict[str, Any]) -> str:
    """Give the key that an entity's address carries."""
    return made["url"].removeprefix(app_server.address + "/")


def test_an_upload_leaves_a_row_for_the_cloud_that_lacks_it(
    app_server: RunningApp, member: Member, picture: bytes, fence: FenceControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes into the outbox, with the picture's row, which cloud did not take its copy."""
    monkeypatch.setitem(app_server.services.media.peers, "azure", dead_store())

    key = key_of(app_server, upload(member, picture))

    rows = "SELECT size FROM media_outbox WHERE key = %s AND site = 'azure' AND wanted AND done_at IS NULL"
    assert fence.run(rows, key) == obstore.head(app_server.own, key)["size"]


def test_a_picture_that_no_row_names_is_not_served(
    app_server: RunningApp, member: Member, picture: bytes, anonymous: httpx.Client
) -> None:
    """It is not found although a bucket holds it: what was removed does not come back with an old bucket."""
    made = upload(member, picture)
    key = key_of(app_server, made)
    post = member.post("", media_ids=[made["id"]])
    assert anonymous.get(made["url"]).status_code == 200

    member.client.delete(f"/api/v1/statuses/{post['id']}")

    assert obstore.head(app_server.own, key)["size"] > 0
    assert anonymous.get(made["url"]).status_code == 404


def test_what_has_not_arrived_is_a_drawing_with_a_sentence(
    app_server: RunningApp, member: Member, picture: bytes, anonymous: httpx.Client
) -> None:
    """It answers 503 with a small picture that says so, which nothing may keep, and asks to come back."""
    made = upload(member, picture)
    for store in (app_server.own, *app_server.peers.values()):
        obstore.delete(store, key_of(app_server, made))

    answer = anonymous.get(made["url"])

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["retry-after"] == "5"
    assert "This picture has not arrived yet." in answer.text


def test_a_picture_that_was_taken_down_is_not_taken_again(
    app_server: RunningApp, member: Member, picture: bytes, fence: FenceControl
) -> None:
    """It refuses the same picture in one sentence, and stores it nowhere."""
    key = key_of(app_server, upload(member, picture))
    sha256 = key.rpartition("/")[2].partition(".")[0]
    insert = "INSERT INTO takedown (kind, target, entry) VALUES ('media', %s, '') RETURNING 1"
    fence.run(insert, sha256)
    obstore.delete(app_server.own, key)

    answer = member.client.post("/api/v2/media", files={"file": ("a.png", picture, "image/png")})

    assert answer.status_code == 422
    assert "removed by the moderators" in answer.json()["error"]
    assert obstore.list(app_server.own, key).collect() == []


def test_a_picture_that_is_about_to_go_can_be_uploaded_again(
    app_server: RunningApp, member: Member, picture: bytes, fence: FenceControl
) -> None:
    """It calls the removal off, and stores anew what was removed already."""
    made = upload(member, picture)
    key = key_of(app_server, made)
    post = member.post("", media_ids=[made["id"]])
    member.client.delete(f"/api/v1/statuses/{post['id']}")
    assert fence.run("SELECT site FROM media_outbox WHERE key = %s AND NOT wanted", key) == "*"

    again = upload(member, picture)

    assert fence.run("SELECT count(*) FROM media_outbox WHERE key = %s AND NOT wanted", key) == 0
    assert member.client.get(again["url"]).status_code == 200
