"""Pictures on three whole sites: a bucket that came back empty, takedowns while a site is dead, an outbox that outlives
its primary."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import obstore
import psycopg
import pytest
from PIL import Image

from app.takedowns import canonical_target, remains
from scripts.embedded.local_sites import LocalSites
from scripts.runbook import media, sites
from tests.acceptance.conftest import Person
from tests.app.conftest import PASSWORD, encoded

pytestmark = pytest.mark.acceptance


@dataclass
class Poster:
    """A person of the platform who posts pictures and remembers them."""

    client: httpx.Client
    posts: list[dict[str, Any]] = field(default_factory=list)

    def post(self, colour: int) -> dict[str, Any]:
        """Publish a picture, again and again until it is acknowledged."""
        files = {"file": ("a.png", encoded(Image.new("RGB", (60, 40), (colour, 255 - colour, 90))), "image/png")}
        picture = self._until_saved("POST", "/api/v2/media", files=files)
        body = {"status": "", "media_ids": [picture["id"]]}
        self.posts.append(self._until_saved("POST", "/api/v1/statuses", json=body))
        return self.posts[-1]

    def delete(self, post: dict[str, Any]) -> None:
        """Delete a post, again and again until every live site has done it."""
        self._until_saved("DELETE", f"/api/v1/statuses/{post['id']}")

    def _until_saved(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while (answer := self.client.request(method, path, **body)).status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.3)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def poster(local: LocalSites) -> Iterator[Poster]:
    client = httpx.Client(base_url=f"http://127.0.0.1:{local.layout.settings.edge_port}", trust_env=False, timeout=20)
    made = client.post("/api/v1/apps", data={"client_name": "tests", "scopes": "read write"}).json()
    grant = {"client_id": made["client_id"], "client_secret": made["client_secret"], "scope": "read write"}
    token = client.post("/oauth/token", data=grant | {"grant_type": "client_credentials"}).json()["access_token"]
    form = {"username": "zoe", "email": "zoe@example.org", "password": PASSWORD, "agreement": "true"}
    mine = client.post("/api/v1/accounts", data=form, headers={"authorization": f"Bearer {token}"}).json()
    client.headers["authorization"] = f"Bearer {mine['access_token']}"
    yield Poster(client)
    client.close()


def verified(person: Person, *words: str) -> tuple[int, dict[str, Any]]:
    answer = person.lifeboat("media", "verify", "--json", *words)
    return answer.returncode, json.loads(answer.stdout)


def backlog(person: Person) -> list[tuple[str, int]]:
    found = json.loads(person.lifeboat("media", "backlog", "--json").stdout)["backlog"]
    return [(one["site"], one["objects"]) for one in found]


def key_of(post: dict[str, Any]) -> str:
    return "media/" + post["media_attachments"][0]["url"].partition("/media/")[2]


def bucket_of(person: Person, site: str) -> Any:
    return media.open_buckets(sites.load(person.folder), [site])[site]


def keys_in(store: Any) -> set[str]:
    return {found["path"] for found in obstore.list(store, "media/").collect()}


def test_a_bucket_that_came_back_empty_is_found_and_filled(person: Person, poster: Poster) -> None:
    """Verify names what is missing and ends with 1; back-fill changes nothing until told to, and then brings all of it."""
    for colour in (10, 70, 130, 190):
        poster.post(colour)
    # What still stands in the outbox is late and not missing, also when its picture is there already.
    assert person.waits_until(lambda: verified(person)[0] == 0 and not backlog(person))
    store = bucket_of(person, "azure")
    lost = keys_in(store)
    obstore.delete(store, sorted(lost))

    code, found = verified(person)
    plan = person.lifeboat("media", "back-fill", "azure")

    assert (code, set(found["buckets"]["azure"]["missing"])) == (1, lost)
    assert (plan.returncode, keys_in(store)) == (0, set())
    assert "Nothing was changed" in plan.stdout
    done = person.lifeboat("media", "back-fill", "azure", "--yes", "--json")
    assert json.loads(done.stdout)["copied"] == len(lost)
    assert keys_in(store) == lost
    assert verified(person, "--all")[0] == 0


def test_a_deleted_post_takes_its_picture_out_of_every_bucket(person: Person, poster: Poster) -> None:
    """It is served no more at once, and gone from the three buckets soon after."""
    post = poster.posts.pop()

    poster.delete(post)

    assert poster.client.get("/" + key_of(post)).status_code == 404
    for site in ("aws", "gcp", "azure"):
        assert person.waits_until(lambda site=site: key_of(post) not in keys_in(bucket_of(person, site)))


def test_what_was_taken_down_while_a_site_was_dead_is_gone_there_before_it_serves(
    person: Person, poster: Poster, local: LocalSites
) -> None:
    """One picture and one post: two ledger stores hold the word, and the site that missed it shows neither when it is back,
    in its bucket, in its database, or to a reader."""
    picture, post = poster.posts.pop(), poster.posts.pop()
    sha256 = key_of(picture).rpartition("/")[2].partition(".")[0]
    local.supervisor.kill("azure")

    plan = person.lifeboat("takedown", "add", "media", sha256, "--reason", "a notice")
    assert "Nothing was changed" in plan.stdout
    for kind, target in (("media", sha256), ("post", post["id"])):
        added = person.lifeboat("takedown", "add", kind, target, "--reason", "a notice", "--yes", "--json")
        assert added.returncode == 0, added.stderr
        assert json.loads(added.stdout)["held_by"] == ["aws", "gcp"]
    poster.post(250)
    # From here on nobody brings anything to azure; what it still lacks waits in the outbox.
    local.supervisor.kill("aws", "worker")
    started = person.lifeboat("local", "start", "azure")

    assert started.returncode == 0, started.stderr
    assert key_of(picture) not in keys_in(bucket_of(person, "azure"))
    with psycopg.connect(sites.load(person.folder).agent_url("azure")) as database:
        assert not remains(database, "media", sha256)
        assert not remains(database, "post", canonical_target("post", post["id"]))
    served = httpx.get(f"{local.layout.app_url('azure')}/{key_of(picture)}", trust_env=False, timeout=10)
    assert served.status_code == 404
    listed = json.loads(person.lifeboat("takedown", "list", "--json").stdout)["entries"]
    assert {entry["target"] for entry in listed} == {sha256, canonical_target("post", post["id"])}


def test_a_new_primary_goes_on_with_the_outbox_and_knows_the_takedowns(
    person: Person, poster: Poster, local: LocalSites
) -> None:
    """The old primary's worker died with work undone; after the failover the new one's does it, and nothing came back."""
    assert person.waits_until(lambda: person.status()["sites"]["azure"]["following"] == "aws")
    assert ("azure", 1) in [(site, min(count, 1)) for site, count in backlog(person)]
    local.supervisor.kill("aws")

    moved = person.lifeboat("failover", "--to", "gcp", "--yes")

    assert moved.returncode == 0, moved.stderr
    assert "replay_takedowns" in moved.stdout
    assert person.waits_until(lambda: {site for site, _ in backlog(person)} <= {"aws"}, 60)
    code, found = verified(person)
    assert [found["buckets"][site]["missing"] for site in ("gcp", "azure")] == [[], []]
    assert (code, found["buckets"]["aws"]["silent"] != "") == (1, True)
    checked = person.lifeboat("takedown", "verify", "--json")
    assert json.loads(checked.stdout)["findings"] == []
    assert poster.client.get("/" + key_of(poster.posts[-1])).status_code == 200
