"""Notifications, search, reports and the profile."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy.dialects import postgresql

from app.search import LANGUAGES, _holds
from tests.app.conftest import Member, numbers

Join = Callable[[], Member]


def test_notifications_are_paged_and_chosen_by_kind(join: Join) -> None:
    """It pages by the Link header, takes and leaves out kinds, and narrows to one sender."""
    me, first, second = join(), join(), join()
    for other in (first, second):
        other.post(f"@{me.username}")
        other.follow(me)

    page = me.client.get("/api/v1/notifications", params={"limit": 3})
    rest = me.client.get(page.links["next"]["url"])

    kinds = [notice["type"] for notice in page.json() + rest.json()]
    assert kinds == ["follow", "mention", "follow", "mention"]
    chosen = me.read("/api/v1/notifications", **{"types[]": "mention", "account_id": first.id})
    assert [notice["account"]["id"] for notice in chosen] == [first.id]
    left = me.read("/api/v1/notifications", **{"exclude_types[]": ["mention"]})
    assert [notice["type"] for notice in left] == ["follow", "follow"]
    assert me.read(f"/api/v1/notifications/{chosen[0]['id']}") == chosen[0]
    assert first.client.get(f"/api/v1/notifications/{chosen[0]['id']}").status_code == 404


def test_search_finds_only_what_one_may_see(join: Join, anonymous: httpx.Client) -> None:
    """It finds public posts for everybody and one's own for oneself, by whole words in any order."""
    author, other = join(), join()
    word = f"narwhal{next(numbers)}"
    public = author.post(f"A {word} swims by")["id"]
    quiet = author.post(f"a quiet {word}", visibility="unlisted")["id"]
    secret = author.post(f"a secret {word}", visibility="private")["id"]

    def found(client: httpx.Client, words: str) -> list[str]:
        answer = client.get("/api/v2/search", params={"q": words, "type": "statuses"})
        return [post["id"] for post in answer.json()["statuses"]]

    assert found(author.client, f"{word} a") == [secret, quiet, public]
    assert found(other.client, word) == found(anonymous, f"SWIMS {word}") == [public]
    assert found(anonymous, f"{word} -swims") == []


def test_words_are_found_in_the_language_of_a_post(member: Member, anonymous: httpx.Client) -> None:
    """It finds other forms of a word where the post says its language, and the word as it stands everywhere."""
    tag = f"tag{next(numbers)}"
    english = member.post(f"{tag} The boats were sailing", language="en-GB")["id"]
    german = member.post(f"{tag} Die H\u00e4user am Hafen", language="de")["id"]
    unsaid = member.post(f"{tag} boats sailing")["id"]

    def found(words: str) -> list[str]:
        answer = anonymous.get("/api/v2/search", params={"q": f"{tag} {words}", "type": "statuses"})
        return [post["id"] for post in answer.json()["statuses"]]

    assert found("boat sail") == [english]
    assert found("Haus") == [german]
    assert found("boats") == [unsaid, english]
    assert found("-boats -sailing") == [german]


def test_a_misspelt_name_is_found(join: Join, anonymous: httpx.Client) -> None:
    """It finds a shown name with a letter wrong, after those that begin with the words."""
    person = join()
    name = f"Katharina{next(numbers)}"
    person.client.patch("/api/v1/accounts/update_credentials", json={"display_name": name})

    answer = anonymous.get("/api/v2/search", params={"q": name.replace("thar", "tar"), "type": "accounts"})

    assert person.id in [found["id"] for found in answer.json()["accounts"]]


def test_search_uses_its_indexes(app_database: Any) -> None:
    """It scans no table from end to end: every arm of the condition is a question to an index."""
    condition = _holds("boats").compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with psycopg.connect(app_database.owner_url) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute(f"EXPLAIN SELECT id FROM status WHERE {condition}").fetchall()

    text = "\n".join(line for (line,) in plan)
    assert "Seq Scan" not in text
    assert text.count("status_words_in_language") == len(LANGUAGES)


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1=1 --", "a & | !", '"open', "", "#", "@"])
def test_odd_words_find_nothing_and_break_nothing(anonymous: httpx.Client, words: str) -> None:
    """It treats every character as text."""
    answer = anonymous.get("/api/v2/search", params={"q": words})

    assert answer.status_code == 200
    assert set(answer.json()) == {"accounts", "statuses", "hashtags"}
    assert words not in {"%", "_"} or answer.json()["accounts"] == []


def test_a_report_is_stored_with_its_evidence(join: Join, app_database: Any) -> None:
    """It keeps the reported text though the post is deleted, and a retry with the same key stores it once."""
    author, reader = join(), join()
    post, other = author.post("rude words")["id"], reader.post("not theirs")["id"]
    form = {"account_id": author.id, "status_ids": [post, other], "comment": "see there", "rule_ids": ["1"]}
    key = {"Idempotency-Key": "report"}

    reports = [reader.client.post("/api/v1/reports", json=form, headers=key).json() for _ in range(2)]
    author.client.delete(f"/api/v1/statuses/{post}")

    with psycopg.connect(app_database.owner_url) as connection:
        query = "SELECT category, evidence FROM report WHERE target_id = %s"
        rows = connection.execute(query, (f"{int(author.id):032x}",)).fetchall()
    assert reports[0] == reports[1]
    assert reports[0]["status_ids"] == [post]
    assert [(category, evidence[0]["text"]) for category, evidence in rows] == [("violation", "rude words")]


@pytest.mark.parametrize(
    ("form", "status"),
    [({}, 422), ({"account_id": "1"}, 404), ({"account_id": "1", "comment": "x" * 1001}, 422)],
)
def test_an_odd_report_is_refused(member: Member, form: dict[str, str], status: int) -> None:
    """It names the field, or does not find the account."""
    assert member.client.post("/api/v1/reports", json=form).status_code == status


def test_a_person_changes_what_they_say_of_themselves(member: Member) -> None:
    """It shows the new name and note, keeps what was not sent, and refuses what is too long."""
    member.client.patch("/api/v1/accounts/update_credentials", json={"display_name": " Ada ", "note": "sea <b>"})
    after = member.client.patch("/api/v1/accounts/update_credentials", data={"note": "sea & sky"}).json()
    long = member.client.patch("/api/v1/accounts/update_credentials", json={"display_name": "x" * 31})

    assert (after["display_name"], after["note"]) == ("Ada", "<p>sea &amp; sky</p>")
    assert after["source"]["note"] == "sea & sky"
    assert (long.status_code, list(long.json()["details"])) == (422, ["display_name"])


def test_an_accounts_posts_are_narrowed(join: Join) -> None:
    """It leaves out replies to others and boosts, and takes one tag alone, as a client asks."""
    author, other = join(), join()
    stranger = other.post("question")["id"]
    plain = author.post("plain")["id"]
    tagged = author.post("with #boats")["id"]
    reply = author.post("answer", in_reply_to_id=stranger)["id"]
    boost = author.act(f"/api/v1/statuses/{stranger}/reblog")["id"]

    def listed(**query: Any) -> list[str]:
        return [post["id"] for post in other.read(f"/api/v1/accounts/{author.id}/statuses", **query)]

    assert listed() == [boost, reply, tagged, plain]
    assert listed(exclude_replies=True, exclude_reblogs=True) == [tagged, plain]
    assert listed(tagged="Boats") == [tagged]
    assert listed(pinned=True) == []
    author.act(f"/api/v1/statuses/{plain}/pin")
    assert listed(pinned=True) == [plain]
