"""Posts and what people do with them, each a function of its number: text, thread, tags, picture, boosts, favourites."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from scripts.embedded.seeding.chance import LongTail, mix, share
from scripts.embedded.seeding.drawing import Drawn
from scripts.embedded.seeding.people import BEGINNING, Community, Row, key_at
from scripts.embedded.seeding.words import TAGS

SPAN = datetime.timedelta(days=180)
STATUS, AUTHOR, REPLY, TEXT, NAMED, TAGGED, SEEN, LIKED, BOOSTED, PICTURE, TOLD = range(10, 21)
REPLIES, MENTIONS, TAGGED_POSTS, BOOSTS = 0.35, 0.08, 0.3, 0.08
"""Shares of the posts that answer another, name somebody, carry a hashtag, are boosted by one reader."""
PICTURE_EVERY = 100
"""One post of so many shows a picture of the pool."""
FARTHEST_REPLY = 400
"""How many posts back an answer may reach."""
MOST_LIKED = 40

_tags = LongTail(len(TAGS), 2.0)


@dataclass
class Batch:
    """The rows of some posts, by table."""

    statuses: list[Row] = field(default_factory=list)
    mentions: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)
    pictures: list[Row] = field(default_factory=list)
    favourites: list[Row] = field(default_factory=list)
    notifications: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Posts:
    """The posts of a community, with a pool of pictures."""

    community: Community
    pool: Sequence[Drawn]

    def id(self, number: int) -> UUID:
        return key_at(self.at(number), self.community.seed, STATUS, number)

    def at(self, number: int) -> datetime.datetime:
        """Return when a post was written: each in its own part of the time, so that their order is that of their numbers."""
        step = SPAN / max(self.community.posts, 1)
        return BEGINNING + step * (number + 0.9 * share(self.community.seed, STATUS, number))

    def author(self, number: int) -> int:
        return self.community.popularity.pick(share(self.community.seed, AUTHOR, number))

    def visibility(self, number: int) -> str:
        at = share(self.community.seed, SEEN, number)
        return "public" if at < 0.92 else "unlisted" if at < 0.97 else "private"

    def answered(self, number: int) -> int | None:
        """Return the post that a post answers, if any: mostly a recent one, and only one that everybody may read."""
        if number == 0 or share(self.community.seed, REPLY, number) >= REPLIES:
            return None
        back = 1 + int(min(number, FARTHEST_REPLY) * share(self.community.seed, REPLY, number, 1) ** 3)
        earlier = number - min(back, number)
        return earlier if self.visibility(earlier) == "public" else None

    def batch(self, numbers: range) -> Batch:
        """Return the rows of some posts and of what people did with them."""
        batch = Batch()
        for number in numbers:
            self._write(batch, number)
            self._boost(batch, number)
            batch.favourites += self._favourites(number)
        return batch

    def _write(self, batch: Batch, number: int) -> None:
        key, author, at = self.id(number), self.author(number), self.at(number)
        answered = self.answered(number)
        named = self._named(number, author, answered)
        tags = self._tags(number)
        text = self._text(number, named, tags, answered is not None)
        spoiler = "Long" if share(self.community.seed, TEXT, number, 9) < 0.02 else ""
        account = self.community.account_id(author)
        batch.statuses.append((
            key, account, self.id(answered) if answered is not None else None,
            self.community.account_id(self.author(answered)) if answered is not None else None, None, text, spoiler,
            bool(spoiler), self.visibility(number), self.community.language(author).code, at,
        ))  # fmt: skip
        batch.tags += [(tag, key) for tag in tags]
        if named is not None:
            person = self.community.account_id(named)
            batch.mentions.append((key, person))
            batch.notifications.append(self._told(number, "mention", person, account, key, at))
        if self.pool and number % PICTURE_EVERY == PICTURE_EVERY // 2:
            drawn = self.pool[mix(self.community.seed, PICTURE, number) % len(self.pool)]
            batch.pictures.append((key_at(at, self.community.seed, PICTURE, number), account, key, *drawn.columns, at))

    def _named(self, number: int, author: int, answered: int | None) -> int | None:
        """Return whom a post names: the one whom it answers, or now and then somebody else; never its author."""
        if answered is not None:
            named = self.author(answered)
        elif share(self.community.seed, NAMED, number) < MENTIONS:
            named = self.community.popularity.pick(share(self.community.seed, NAMED, number, 1))
        else:
            return None
        return None if named == author else named

    def _tags(self, number: int) -> list[str]:
        at = share(self.community.seed, TAGGED, number)
        wanted = 0 if at >= TAGGED_POSTS else 1 if at > TAGGED_POSTS / 4 else 2
        picked = (TAGS[_tags.pick(share(self.community.seed, TAGGED, number, one))] for one in range(1, wanted + 1))
        return list(dict.fromkeys(picked))

    def _text(self, number: int, named: int | None, tags: Sequence[str], is_answer: bool) -> str:
        seed, language = self.community.seed, self.community.language(self.author(number))
        chosen = mix(seed, TEXT, number)
        if is_answer and chosen % 3:
            said = language.answers[chosen % len(language.answers)]
        else:
            said = " ".join(
                language.sentences[(chosen + one) % len(language.sentences)].format(
                    language.things[mix(chosen, one, 1) % len(language.things)]
                )
                for one in range(1 + chosen % 3)
            )
        name = f"@{self.community.username(named)} " if named is not None else ""
        return " ".join([f"{name}{said}", *(f"#{tag}" for tag in tags)])

    def _boost(self, batch: Batch, number: int) -> None:
        """Let one reader now and then boost a post, before the next one is written."""
        seed = self.community.seed
        if self.visibility(number) != "public" or share(seed, BOOSTED, number) >= BOOSTS:
            return
        person = self.community.popularity.pick(share(seed, BOOSTED, number, 1))
        if person == self.author(number):
            return
        at = self.at(number) + SPAN / max(self.community.posts, 1) * 0.05
        account, key = self.community.account_id(person), key_at(at, seed, BOOSTED, number)
        batch.statuses.append((key, account, None, None, self.id(number), "", "", False, "public", None, at))
        author = self.community.account_id(self.author(number))
        batch.notifications.append(self._told(number, "reblog", author, account, self.id(number), at))

    def _favourites(self, number: int) -> Iterator[Row]:
        """Yield a row for each favourite: most posts have none or one, a few have many."""
        seed, users = self.community.seed, self.community.users
        wanted = min(int(0.45 / (1 - share(seed, LIKED, number)) ** 0.75), MOST_LIKED, users)
        first, at, key = mix(seed, LIKED, number, 1) % users, self.at(number), self.id(number)
        for one in range(wanted):
            moment = at + datetime.timedelta(minutes=7 * (one + 1))
            liked = key_at(moment, seed, LIKED, number * MOST_LIKED + one)
            yield liked, self.community.account_id((first + one) % users), key, moment

    def _told(
        self, number: int, kind: str, whom: UUID, by: UUID, status: UUID, at: datetime.datetime
    ) -> tuple[Any, ...]:
        return key_at(at, self.community.seed, TOLD, 2 * number + (kind == "reblog")), whom, by, status, kind, at
