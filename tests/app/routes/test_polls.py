"""Polls."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.app.conftest import Member

Join = Callable[[], Member]
ASKED = {"options": ["tea", "coffee", "water"], "expires_in": 3600}


def ask(author: Member, **changes: Any) -> dict[str, Any]:
    """Publish a post with a poll and give the poll."""
    return author.post("which?", poll=ASKED | changes)["poll"]


def end(app_database: Any, poll: dict[str, Any]) -> None:
    """Let a poll end now."""
    with psycopg.connect(app_database.owner_url) as connection:
        connection.execute("UPDATE poll SET expires_at = now() WHERE id = %s", (f"{int(poll['id']):032x}",))


def test_people_vote_and_everybody_sees_the_counts(join: Join) -> None:
    """It counts each answer, and shows a voter their own."""
    author, first, second = join(), join(), join()
    poll = ask(author, multiple=True)

    first.act(f"/api/v1/polls/{poll['id']}/votes", choices=[0, 2])
    after = second.act(f"/api/v1/polls/{poll['id']}/votes", choices=[2])

    assert [option["votes_count"] for option in after["options"]] == [1, 0, 2]
    assert (after["votes_count"], after["voters_count"], after["own_votes"]) == (3, 2, [2])
    seen = first.read(f"/api/v1/polls/{poll['id']}")
    assert (seen["voted"], seen["own_votes"], seen["expired"]) == (True, [0, 2], False)
    assert not author.read(f"/api/v1/polls/{poll['id']}")["voted"]


def test_a_form_can_carry_a_poll_and_a_vote(join: Join) -> None:
    """It reads `poll[options][]` and `choices[]`."""
    author, voter = join(), join()
    form = {"status": "?", "poll[options][]": ["a", "b"], "poll[expires_in]": "300"}
    poll = author.client.post("/api/v1/statuses", data=form).json()["poll"]

    answer = voter.client.post(f"/api/v1/polls/{poll['id']}/votes", data={"choices[]": ["1"]})

    assert answer.json()["own_votes"] == [1]


def test_one_person_has_one_vote(join: Join) -> None:
    """It takes one of eight simultaneous votes for different answers, and takes the same one again without a change."""
    author, voter = join(), join()
    poll = ask(author)

    def vote(number: int) -> int:
        return voter.client.post(f"/api/v1/polls/{poll['id']}/votes", json={"choices": [number % 3]}).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(vote, range(8)))

    after = voter.read(f"/api/v1/polls/{poll['id']}")
    assert set(codes) == {200, 422}
    assert after["votes_count"] == after["voters_count"] == len(after["own_votes"]) == 1
    assert vote(after["own_votes"][0]) == 200


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [([3], "does not exist"), ([-1], "does not exist"), ([], "does not exist"), ([0, 1], "takes one answer")],
)
def test_an_odd_vote_is_refused(join: Join, choices: list[int], sentence: str) -> None:
    """It answers 422 in a sentence."""
    author, voter = join(), join()
    answer = voter.client.post(f"/api/v1/polls/{ask(author)['id']}/votes", json={"choices": choices})

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


def test_nobody_votes_in_their_own_poll_or_after_its_end(join: Join, app_database: Any) -> None:
    """It refuses both; hidden counts are shown when the poll has ended."""
    author, voter = join(), join()
    poll = ask(author, hide_totals=True)
    path = f"/api/v1/polls/{poll['id']}"

    own = author.client.post(f"{path}/votes", json={"choices": [0]})
    hidden = voter.act(f"{path}/votes", choices=[1])
    end(app_database, poll)
    late = author.client.post(f"{path}/votes", json={"choices": [0]})

    assert (own.status_code, late.status_code) == (422, 422)
    assert "already ended" in late.json()["error"]
    assert [option["votes_count"] for option in hidden["options"]] == [None] * 3
    shown = voter.read(path)
    assert (shown["expired"], [option["votes_count"] for option in shown["options"]]) == (True, [0, 1, 0])


@pytest.mark.parametrize(
    "changes",
    [
        {"options": ["one"]},
        {"options": ["a", "a"]},
        {"options": ["a", " "]},
        {"options": ["a", "b" * 51]},
        {"options": list("abcde")},
        {"expires_in": 10},
        {"expires_in": 10_000_000},
    ],
)
def test_an_odd_poll_is_refused(member: Member, changes: dict[str, Any]) -> None:
    """It answers 422 and stores nothing."""
    answer = member.client.post("/api/v1/statuses", json={"status": "?", "poll": ASKED | changes})

    assert answer.status_code == 422
    assert answer.json()["error"].startswith("Validation failed: ")


def test_an_edit_with_other_answers_drops_the_votes(join: Join) -> None:
    """It keeps the votes while the answers stay, and begins anew with others."""
    author, voter = join(), join()
    post = author.post("which?", poll=ASKED)
    voter.act(f"/api/v1/polls/{post['poll']['id']}/votes", choices=[0])

    same = author.client.put(f"/api/v1/statuses/{post['id']}", json={"status": "which one?", "poll": ASKED}).json()
    other = {"options": ["milk", "juice"], "expires_in": 3600}
    fresh = author.client.put(f"/api/v1/statuses/{post['id']}", json={"poll": other}).json()

    assert same["poll"]["votes_count"] == 1
    assert [option["title"] for option in fresh["poll"]["options"]] == ["milk", "juice"]
    assert fresh["poll"]["votes_count"] == 0


def test_a_poll_is_seen_by_those_who_see_its_post(join: Join) -> None:
    """It answers 404 to a stranger of a private post."""
    author, stranger = join(), join()
    poll = author.post("?", poll=ASKED, visibility="private")["poll"]

    assert stranger.client.get(f"/api/v1/polls/{poll['id']}").status_code == 404
    assert stranger.client.post(f"/api/v1/polls/{poll['id']}/votes", json={"choices": [0]}).status_code == 404
