"""A platform that grows: a site that was never part of it joins under load, a community fills all three, and the new site takes over."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from scripts.embedded import local_sites, programs
from scripts.embedded.layout import SITES, LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.seeding.filling import PASSWORD
from scripts.embedded.seeding.people import Community
from scripts.embedded.starter import Starter
from scripts.embedded.writers import Writers, read_back
from scripts.runbook.rule import Rule
from tests.acceptance.conftest import SHORT_TERMS, Person, start_mortal_agent
from tests.conftest import free_port

pytestmark = pytest.mark.acceptance

COMMUNITY = Community(users=40, posts=600, seed=5)
WORDS = ("local", "seed", "--users", "40", "--posts", "600", "--seed", "5")


class TwoSites(Starter):
    """Starts three sites of which only two are joined: the third has a database, a store and an agent, and no rows."""

    def __init__(self, *parts) -> None:
        super().__init__(*parts)
        self.standbys, self.rule = ("gcp",), Rule.of("gcp")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSites]:
    """Give a platform whose site azure was never joined."""
    folder = tmp_path_factory.mktemp("sites") / "local"
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    settings = LocalSettings(folder, edge_port=free_port(), terms=SHORT_TERMS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(local_sites, "Starter", TwoSites)
        started = local_sites.up(settings, lambda sentence: None)
    yield started
    local_sites.down(settings)


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


def limited_on(local: LocalSites, name: str) -> dict[str, bool]:
    """Ask each site's API whether a person is limited."""
    found = {}
    for site in SITES:
        with api(local.layout.app_url(site)) as client:
            account = client.get("/api/v1/accounts/lookup", params={"acct": name}).raise_for_status().json()
            found[site] = account.get("limited", False)
    return found


def _proven(person: Person, site: str, other: str) -> bool:
    health = person.status()["sites"][site]["health"]
    return other in health["proven"]


def test_a_new_site_joins_under_load(local: LocalSites, person: Person, people: Writers) -> None:
    """Its agent may die in the middle; when the command ends it follows, and soon it counts."""
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)
    planned = person.lifeboat("join", "azure")
    local.supervisor.kill("azure", "agent")
    mortal = start_mortal_agent(local, "azure", "copy_tables")
    assert person.waits_until(lambda: person.lifeboat("join", "azure").returncode == 0)
    word = person.begins("join", "azure", "--yes")
    assert person.waits_until(lambda: mortal.find() is None)
    local.supervisor.start(programs.agent(local.layout, "azure"))
    said, complaint = word.communicate(timeout=120)
    again = person.lifeboat("join", "azure", "--yes")

    assert planned.returncode == 0, planned.stderr
    assert "azure" in planned.stdout
    assert word.returncode == 0, complaint
    assert "join to azure is done" in said
    assert again.stderr.strip() == "azure follows aws already; there is nothing to do."
    both = [{"sync": ["gcp", "azure"], "needed": 1}]
    assert person.waits_until(lambda: person.status()["rule"] == both)


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


def test_the_new_site_takes_over(local: LocalSites, person: Person, people: Writers) -> None:
    """It can be followed without a copy, and holds all that was acknowledged."""
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "azure").returncode == 0)
    assert person.waits_until(lambda: _proven(person, "gcp", "azure") and _proven(person, "azure", "gcp"))
    local.supervisor.kill("aws")
    moved = person.lifeboat("failover", "--to", "azure", "--yes")
    posted = len(people.ledger.posts)
    assert moved.returncode == 0, moved.stderr
    assert person.waits_until(lambda: len(people.ledger.posts) > posted + 3)
    back = asyncio.run(read_back(local.layout.app_url("azure"), people.ledger))
    assert (back.lost_posts, back.lost_pictures) == ((), ())
