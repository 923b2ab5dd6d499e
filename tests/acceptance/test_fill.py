"""A community of people through the real replication, read back through the API of every site; and one of them limited."""

import httpx
import pytest

from scripts.embedded.layout import SITES
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.seeding.filling import PASSWORD
from scripts.embedded.seeding.people import Community
from tests.acceptance.conftest import Person

pytestmark = pytest.mark.acceptance

COMMUNITY = Community(users=40, posts=600, seed=5)
WORDS = ("local", "seed", "--users", "40", "--posts", "600", "--seed", "5")


def api(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=10, trust_env=False)


def log_in(client: httpx.Client, person: int) -> None:
    """Log an invented person in, as any client would."""
    wanted = {"client_name": "reader", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read"}
    made = client.post("/api/v1/apps", data=wanted).raise_for_status().json()
    grant = {
        "grant_type": "password", "client_id": made["client_id"], "client_secret": made["client_secret"], "scope": "read",
        "username": f"{COMMUNITY.username(person)}@{COMMUNITY.label}", "password": PASSWORD,
    }  # fmt: skip
    token = client.post("/oauth/token", data=grant).raise_for_status().json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


def public(client: httpx.Client) -> list[dict]:
    """Read the public timeline to its end."""
    found, query = [], {"limit": "40"}
    while page := client.get("/api/v1/timelines/public", params=query).raise_for_status().json():
        found += page
        query["max_id"] = page[-1]["id"]
    return found


def told(posts: list[dict]) -> list[tuple]:
    """Return what a timeline says, without its links: they follow the host that was asked."""
    counts = ("id", "favourites_count", "reblogs_count", "replies_count", "language")
    return [(*(post[name] for name in counts), [tag["name"] for tag in post["tags"]]) for post in posts]


def test_a_community_fills_every_site(local: LocalSites, person: Person) -> None:
    """What the command says is there is there on all three sites, in threads, with pictures, and a person has a feed."""
    filled = person.lifeboat(*WORDS)
    again = person.lifeboat(*WORDS)
    other = person.lifeboat("local", "seed", "--users", "41", "--posts", "600", "--seed", "5")

    assert filled.returncode == 0, filled.stderr
    assert "600 posts of 40 people went to aws in" in filled.stdout
    assert "gcp had everything" in filled.stdout
    assert "azure had everything" in filled.stdout
    assert again.stdout.strip() == "All 600 posts of this community are there already: nothing was written."
    assert "--users 40 --posts 600 --seed 5 already" in other.stderr
    shown = {}
    for site in SITES:
        with api(local.layout.app_url(site)) as client:
            shown[site] = public(client)
    assert len(shown["aws"]) > 300
    assert told(shown["aws"]) == told(shown["gcp"]) == told(shown["azure"])
    assert any(post["favourites_count"] > 1 for post in shown["aws"])
    assert any(post["in_reply_to_id"] for post in shown["aws"])
    pictures = [picture["url"] for post in shown["aws"] for picture in post["media_attachments"]]
    assert pictures
    for site in SITES:
        with api(local.layout.app_url(site)) as client:
            assert client.get(httpx.URL(pictures[0]).path).raise_for_status().headers["content-type"] == "image/webp"
    with api(local.layout.app_url("aws")) as client:
        log_in(client, 3)
        feed = client.get("/api/v1/timelines/home").raise_for_status().json()
        me = client.get("/api/v1/accounts/verify_credentials").raise_for_status().json()
        assert len(feed) == 20
        assert me["following_count"] == len(COMMUNITY.followed(3))


def test_a_limited_person_is_read_by_followers_alone(local: LocalSites, person: Person) -> None:
    """The plan changes nothing, the act is confirmed by both standbys and seen on each site, and it can be taken back."""
    name = COMMUNITY.username(0)

    planned = person.lifeboat("account", "limit", f"@{name}")
    before = limited_on(local, name)
    done = person.lifeboat("account", "limit", name, "--yes")
    after = limited_on(local, name)
    back = person.lifeboat("account", "unlimit", name, "--yes")
    nobody = person.lifeboat("account", "limit", "nobody_here", "--yes")

    assert "Nothing was changed. Add --yes to act." in planned.stdout
    assert before == dict.fromkeys(SITES, False)
    assert done.returncode == 0, done.stderr
    assert f"@{name} is limited at aws, confirmed by azure and gcp." in done.stdout
    assert after == dict.fromkeys(SITES, True)
    assert back.returncode == 0, back.stderr
    assert limited_on(local, name) == dict.fromkeys(SITES, False)
    assert nobody.returncode == 2
    assert nobody.stderr.startswith("There is no account nobody_here")


def limited_on(local: LocalSites, name: str) -> dict[str, bool]:
    """Ask each site's API whether a person is limited."""
    found = {}
    for site in SITES:
        with api(local.layout.app_url(site)) as client:
            account = client.get("/api/v1/accounts/lookup", params={"acct": name}).raise_for_status().json()
            found[site] = account.get("limited", False)
    return found
