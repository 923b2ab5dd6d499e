"""Fills a database with people, follows and posts by COPY: always the same ones, whenever they are made.

A few people write much and most write little; one reader follows 1,000 of them.
"""

import datetime
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

import psycopg

from app.ids import from_parts
from app.security import digest

ACCOUNTS = 5_000
FOLLOWS = 1_000
TOKEN = "a token of the bench only"
BEGAN = 1_735_689_600_000  # milliseconds: 2025 began
POST_MILLISECONDS = 20_000  # between two posts
WORDS = (
    "boat", "harbour", "letter", "evening", "bread", "river", "music", "winter", "garden", "window", "story", "friend",
    "market", "summer", "paper", "coffee", "mountain", "train", "street", "island", "morning", "bridge", "forest", "lamp",
)  # fmt: skip
TAGS = ("photo", "books", "cooking", "rowing", "cinema", "maps")
KINDS = {"boost": 0.1, "reply": 0.15}


@dataclass(frozen=True)
class Reader:
    """Who reads in the bench."""

    account_id: UUID
    token: str = TOKEN


def people(url: str, each: int = 20) -> Reader:
    """Make everybody, whom they follow (`each` so many), and the reader's token."""
    chance = random.Random(1)
    keys = [_key(BEGAN, number, chance) for number in range(ACCOUNTS + 1)]
    reader = keys[ACCOUNTS]
    with psycopg.connect(url) as connection:
        accounts = ((key, f"person{at}", f"person{at}@example.org", "x", f"Person {at}") for at, key in enumerate(keys))
        _copy(connection, "account (id, username, email, password_hash, display_name)", accounts)
        pairs = {(key, keys[_popular(chance)]) for key in keys[:ACCOUNTS] for _ in range(each)}
        read = [(reader, key) for key in chance.sample(keys[:ACCOUNTS], FOLLOWS)]
        follows = [(one, other) for one, other in sorted(pairs) if one != other] + read
        rows = ((_key(BEGAN + 1, at, chance), *pair) for at, pair in enumerate(follows))
        _copy(connection, "follow (id, account_id, target_id)", rows)
        client = _key(BEGAN, ACCOUNTS + 1, chance)
        _copy(
            connection, "application (id, client_id, secret_digest, name, redirect_uris, scopes)",
            [(client, "bench", digest("bench"), "bench", "urn:ietf:wg:oauth:2.0:oob", "read write")],
        )  # fmt: skip
        token = (_key(BEGAN, ACCOUNTS + 2, chance), digest(TOKEN), "read write", client, reader)
        _copy(connection, "access_token (id, digest, scopes, application_id, account_id)", [token])
    return Reader(reader)


def posts(url: str, first: int, last: int) -> None:
    """Make the posts of these numbers, with their tags, mentions, pictures and favourites; then let statistics follow."""
    with psycopg.connect(url) as connection:
        keys = [row[0] for row in connection.execute("SELECT id FROM account ORDER BY id").fetchall()]
        batch = 10_000
        for start in range(first, last, batch):
            _batch(connection, keys[:ACCOUNTS], range(start, min(last, start + batch)))
            connection.commit()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _batch(connection: psycopg.Connection, people: Sequence[UUID], numbers: range) -> None:
    chance = random.Random(numbers.start)
    made: list[tuple] = []
    tags: list[tuple] = []
    named: list[tuple] = []
    pictures: list[tuple] = []
    liked: dict[tuple, tuple] = {}
    for number in numbers:
        row = _post(number, people, made, chance)
        made.append(row)
        if row[2] is not None:  # a boost has no words
            continue
        if chance.random() < 0.2:
            tag = chance.choice(TAGS)
            tags.append((tag, row[0]))
            row[5].append(f"#{tag}")
        if chance.random() < 0.1:
            other = chance.randrange(ACCOUNTS)
            named.append((row[0], people[other]))
            row[5].append(f"@person{other}")
        if chance.random() < 0.01:
            pictures.append(_picture(number, row, chance))
        if chance.random() < 0.5:
            liker = people[chance.randrange(ACCOUNTS)]
            liked[liker, row[0]] = (_key(_when(number) + 1, 1, chance), liker, row[0])
    rows = ((*row[:5], " ".join(row[5]), row[6], row[7]) for row in made)
    columns = "id, account_id, reblog_of_id, in_reply_to_id, in_reply_to_account_id, text, language, created_at"
    _copy(connection, f"status ({columns})", rows)
    _copy(connection, "status_tag (name, status_id)", tags)
    _copy(connection, "mention (status_id, account_id)", named)
    _copy(connection, f"media_attachment ({PICTURE})", pictures)
    _copy(connection, "favourite (id, account_id, status_id)", liked.values())


PICTURE = "id, account_id, status_id, key, width, height, size, description, blurhash"


def _picture(number: int, row: tuple, chance: random.Random) -> tuple:
    name = f"{number % 200:064x}"
    key = f"media/{name[:2]}/{name}.webp"
    return (
        _key(_when(number), 1, chance),
        row[1],
        row[0],
        key,
        1024,
        768,
        50_000,
        "drawn",
        "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    )


def _post(number: int, people: Sequence[UUID], made: Sequence[tuple], chance: random.Random) -> tuple:
    kind, key = chance.random(), _key(_when(number), 0, chance)
    author = people[_popular(chance)]
    when = datetime.datetime.fromtimestamp(_when(number) / 1000, datetime.UTC)
    originals = [row for row in made[-40:] if row[2] is None and row[1] != author]
    boosted = {row[2] for row in made[-40:] if row[1] == author}
    if originals and kind < KINDS["boost"] and originals[0][0] not in boosted:
        return (key, author, originals[0][0], None, None, [], None, when)
    answered = originals[-1] if originals and kind < KINDS["boost"] + KINDS["reply"] else (None, None)
    words = chance.choices(WORDS, k=chance.randint(4, 30))
    if chance.random() < 0.05:
        words.append(f"https://example.org/{number}?a=1&b=2")
    return (key, author, None, answered[0], answered[1], words, chance.choice(("en", "de", None)), when)


def _popular(chance: random.Random) -> int:
    """Choose a person by number: the first ones are chosen most often."""
    return int(ACCOUNTS * chance.random() ** 3)


def _when(number: int) -> int:
    return BEGAN + 1000 + number * POST_MILLISECONDS


def _key(milliseconds: int, counter: int, chance: random.Random) -> UUID:
    return from_parts(milliseconds + (counter >> 12), counter & 0xFFF, chance.getrandbits(62))


def _copy(connection: psycopg.Connection, into: LiteralString, rows: Iterable[Sequence]) -> None:
    with connection.cursor().copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
