"""Names that look like another's, and answers from which nobody learns who is here."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app import security
from tests.app.browser import Browser
from tests.app.conftest import PASSWORD, Api, Member, RunningApp, numbers

# Look-alikes of "admin" and of each other: other alphabets, full width, marks, joiners, directions, and letters whose
# lower case or compatibility form is an ASCII letter.
TRICKS = (
    "аdmin", "αdmin", "ａｄｍｉｎ", "admin\u200b", "ad\u200dmin", "ad\u00admin", "\u202eadmin", "admin\u2066", "ad\ufeffmin",
    "ádmin", "a\u0301dmin", "ⓐdmin", "𝐚dmin", "adm\u0131n", "adm\u0130n", "\u212aim", "ſam", "ﬁsh", "admin.", "ad min",
    "admin\nx", "ad\x00min", "@admin", "admin@evil.example", "١٢٣", "x\u3164",
)  # fmt: skip


def sign_up(app: RunningApp, api: Api, **fields: str) -> httpx.Response:
    """Ask for an account."""
    name = f"u{next(numbers)}"
    form = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "agreement": "true"}
    with app.client(authorization=f"Bearer {api.token}") as client:
        return client.post("/api/v1/accounts", json=form | fields)


@pytest.mark.parametrize("name", TRICKS)
def test_a_name_is_ascii_letters_digits_and_underscores(name: str, app_server: RunningApp, api: Api) -> None:
    """It refuses every other letter instead of turning it into one that looks or folds alike."""
    answer = sign_up(app_server, api, username=name)

    assert answer.status_code in {400, 422}


def test_one_name_is_one_person_however_it_is_written(app_server: RunningApp, api: Api, person: Member) -> None:
    """It takes no second account for the same letters in another case, and finds nobody by a look-alike."""
    again = sign_up(app_server, api, username=person.username.upper())
    alike = person.client.get("/api/v1/accounts/lookup", params={"acct": person.username.replace("u", "ｕ")})

    assert (again.status_code, alike.status_code) == (422, 404)
    assert "has already been taken" in again.json()["error"]


@pytest.mark.parametrize(
    "email", ["a\u200b@example.org", "\u202ea@example.org", "a@exa\x07mple.org", "a b@example.org"]
)
def test_an_address_holds_nothing_unseen(email: str, app_server: RunningApp, api: Api) -> None:
    """It refuses what would make one address look like another."""
    assert sign_up(app_server, api, email=email).status_code == 422


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("\u202enimda", "nimda"),
        ("Ann\u2066\u2069\u200f", "Ann"),
        ("Ann\nAdmin", "AnnAdmin"),
        ("  Ann  ", "Ann"),
        ("\u200b\u2060", None),
        ("\u3164\u3164", None),
        ("\u0301\u0301", None),
        ("👩‍🚀", "👩‍🚀"),
        ("نوح", "نوح"),
    ],
)
def test_a_shown_name_turns_and_hides_nothing(given: str, shown: str | None, person: Member) -> None:
    """It drops controls of direction, keeps alphabets and emoji, and shows the name itself where nothing would be seen."""
    answer = person.client.patch("/api/v1/accounts/update_credentials", json={"display_name": given})

    assert answer.json()["display_name"] == (shown or person.username)


class Counted:
    """Counts the work of argon2: what was verified against, and what was hashed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work: list[str] = []
        verify, hasher = security._verify, security._hasher
        monkeypatch.setattr(
            security, "_verify", lambda stored, password: (self._add(stored), verify(stored, password))[1]
        )
        monkeypatch.setattr(security, "_hasher", self)
        self.verify, self._hash = hasher.verify, hasher.hash

    def hash(self, password: str) -> str:
        """Hash, and count it."""
        made = self._hash(password)
        self._add(made)
        return made

    def _add(self, stored: str) -> None:
        self.work.append(stored.rsplit("$", 2)[0])  # kind, version and cost, without salt and hash

    def of(self, act: Callable[[], httpx.Response]) -> tuple[list[str], int, Any]:
        """Give the work, the status and the body of an answer."""
        self.work.clear()
        answer = act()
        return (
            list(self.work),
            answer.status_code,
            answer.headers["content-type"].startswith("text/html") or answer.json(),
        )


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Count the work of argon2; the hash that unknown names are compared with is made beforehand."""
    security._nobody()
    return Counted(monkeypatch)


def test_a_token_request_tells_nobody_who_is_here(
    counted: Counted, app_server: RunningApp, api: Api, person: Member
) -> None:
    """It does the same work and answers the same for an unknown name, an unknown address and a wrong password."""

    def ask(name: str) -> Callable[[], httpx.Response]:
        grant = {"grant_type": "password", "username": name, "password": "wrong"}
        return lambda: httpx.post(f"{app_server.address}/oauth/token", data=api.secrets() | grant, trust_env=False)

    names = (person.username, f"{person.username}@example.org", "nobody", "nobody@example.org", "", "x" * 5000)
    known, *others = [counted.of(ask(name)) for name in names]

    assert len(known[0]) == 1
    assert known[1] == 400
    assert others == [known] * 5


def test_the_log_in_page_tells_nobody_who_is_here(counted: Counted, app_server: RunningApp, person: Member) -> None:
    """It does the same work and shows the same sentence."""
    with app_server.client() as client:
        browser = Browser(client)
        answers = [
            counted.of(lambda name=name: browser.send("/log-in", login=name, password="wrong"))
            for name in (person.username, "nobody")
        ]

    assert answers[0] == answers[1]
    assert len(answers[0][0]) == 1


def test_a_sign_up_takes_as_long_for_a_name_that_is_taken(
    counted: Counted, app_server: RunningApp, api: Api, person: Member
) -> None:
    """It hashes once before it looks; that a name is taken it says, as every sign-up must."""
    taken = counted.of(lambda: sign_up(app_server, api, username=person.username))
    free = counted.of(lambda: sign_up(app_server, api))

    assert taken[0] == free[0]
    assert (len(free[0]), taken[1], free[1]) == (1, 422, 200)


def test_a_reset_tells_nothing_of_a_token(counted: Counted, app_server: RunningApp) -> None:
    """It does the same work and answers the same for any token that is not good."""

    def ask(token: str) -> Callable[[], httpx.Response]:
        fields = {"token": token, "new_password": PASSWORD}
        return lambda: httpx.post(f"{app_server.address}/api/v1/password_reset", json=fields, trust_env=False)

    answers = [counted.of(ask(token)) for token in ("", "x", security.new_secret())]

    assert len(answers[0][0]) == 1
    assert answers == [answers[0]] * 3
