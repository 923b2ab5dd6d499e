"""People and whom they follow: who speaks which language, who is read by many."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from app.ids import from_parts
from scripts.embedded.seeding.chance import LongTail, mix, share
from scripts.embedded.seeding.words import FIRST_NAMES, LANGUAGES, LAST_NAMES, Language

BEGINNING = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""When the first post was written; always the same, so that a seed always gives the same rows."""
ACCOUNT, FOLLOW, SPEECH, DEGREE, POPULAR = range(5)
MOST_FOLLOWED = 400

Row = tuple[object, ...]


@dataclass(frozen=True)
class Community:
    """A community by its size and seed."""

    users: int
    posts: int
    seed: int

    @cached_property
    def popularity(self) -> LongTail:
        return LongTail(self.users)

    @property
    def label(self) -> str:
        """The domain of everybody's e-mail address, by which a second run knows the first."""
        return f"s{self.seed}-u{self.users}-p{self.posts}.seed.example"

    def account_id(self, person: int) -> UUID:
        return self._account_ids[person]

    def username(self, person: int) -> str:
        return f"{self._first(person)}_{self._last(person)}{person}".lower()

    def language(self, person: int) -> Language:
        return self._languages[person]

    def accounts(self, password_hash: str) -> Iterator[Row]:
        """Yield a row for each person: id, username, email, password_hash, display_name, note, language, created_at."""
        for person in range(self.users):
            name, language = self.username(person), self.language(person)
            shown = f"{self._first(person)} {self._last(person)}"
            about = language.sentences[mix(self.seed, ACCOUNT, person) % len(language.sentences)]
            note = about.format(language.things[person % len(language.things)])
            born = _born(person)
            yield (
                self.account_id(person),
                name,
                f"{name}@{self.label}",
                password_hash,
                shown,
                note,
                language.code,
                born,
            )

    def follows(self) -> Iterator[Row]:
        """Yield a row for each follow: id, account_id, target_id, created_at."""
        moment = BEGINNING - datetime.timedelta(days=1)
        for person in range(self.users):
            for target in self.followed(person):
                key = key_at(moment, self.seed, FOLLOW, person * self.users + target)
                yield key, self.account_id(person), self.account_id(target), moment

    def followed(self, person: int) -> list[int]:
        """Return whom a person follows: most follow few, few follow many, and most follow those who are read anyway."""
        wanted = min(int(8 / (1 - share(self.seed, DEGREE, person)) ** 0.7), MOST_FOLLOWED, self.users - 1)
        found = dict.fromkeys(
            self.popularity.pick(share(self.seed, POPULAR, person, number)) for number in range(2 * wanted)
        )
        found.pop(person, None)
        return list(found)[:wanted]

    @cached_property
    def _account_ids(self) -> list[UUID]:
        return [key_at(_born(person), self.seed, ACCOUNT, person) for person in range(self.users)]

    @cached_property
    def _languages(self) -> list[Language]:
        by_weight = [language for language in LANGUAGES for _ in range(language.weight)]
        return [by_weight[mix(self.seed, SPEECH, person) % len(by_weight)] for person in range(self.users)]

    def _first(self, person: int) -> str:
        return FIRST_NAMES[mix(self.seed, person, 1) % len(FIRST_NAMES)]

    def _last(self, person: int) -> str:
        return LAST_NAMES[mix(self.seed, person, 2) % len(LAST_NAMES)]


def _born(person: int) -> datetime.datetime:
    return BEGINNING - datetime.timedelta(days=2) + datetime.timedelta(seconds=person)


def key_at(moment: datetime.datetime, seed: int, kind: int, number: int) -> UUID:
    """Return the UUIDv7 of a moment that always is the same for the same thing."""
    bits = mix(seed, kind, number)
    return from_parts(int(moment.timestamp() * 1000), bits & 0xFFF, mix(bits) >> 2)
