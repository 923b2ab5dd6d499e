"""A few people of a harbour town who talk to each other, for the pages to show."""

from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from tests.app.conftest import PASSWORD, Member, RunningApp, encoded

PEOPLE = {
    "ines": ("Inês Marinho", "I repair nets and draw the weather. Mornings on the pier, evenings with a book."),
    "tomas": ("Tomás Reis", "Skipper of Ferry 7. What I post is on time more often than the boat."),
    "yuki": ("Yuki Arai", "Marine biologist. Counting seahorses so that you do not have to. #saltmarsh"),
}


@dataclass(frozen=True)
class Town:
    """Who lives there, and the posts that the pages are about."""

    people: dict[str, Member]
    thread: dict[str, Any]
    poll: dict[str, Any]


def settle(app: RunningApp, token: str) -> Town:
    """Let everybody sign up, follow each other and talk."""
    people = {name: _join(app, token, name) for name in PEOPLE}
    for one in people.values():
        for other in people.values():
            if other is not one:
                one.follow(other)
    ines, tomas, yuki = people.values()
    root = tomas.post("Ferry 7 leaves the north pier at 18:40 today, not at 18:20. Please tell your neighbours. #ferry")
    answer = ines.post("@tomas Thank you! Is there room for four crates of nets?", in_reply_to_id=root["id"])
    tomas.post("@ines For you, always. Be there at 18:30.", in_reply_to_id=answer["id"])
    yuki.post("@tomas I told the whole institute.", in_reply_to_id=root["id"])
    asked = {"options": ["Saturday, at low tide", "Sunday, after breakfast", "Both"], "expires_in": 86_400}
    poll = yuki.post(
        "When shall we count the seahorses in the #saltmarsh? Boots are here, courage you bring.", poll=asked
    )
    for member, choice in ((ines, 0), (tomas, 2)):
        member.act(f"/api/v1/polls/{poll['poll']['id']}/votes", choices=[choice])
    tomas.post("A storm is coming in. Double your lines before dark.", spoiler_text="Weather, and not the good kind")
    picture = _post_picture(ines)
    for member in (tomas, yuki):
        member.act(f"/api/v1/statuses/{picture['id']}/favourite")
    ines.act(f"/api/v1/statuses/{root['id']}/reblog")
    return Town(people, root, poll)


def _join(app: RunningApp, token: str, name: str) -> Member:
    form = {"username": name, "email": f"{name}@social.example", "password": PASSWORD, "agreement": "true"}
    with app.client(authorization=f"Bearer {token}") as client:
        answer = client.post("/api/v1/accounts", data=form)
    token = answer.json()["access_token"]
    client = app.client(authorization=f"Bearer {token}")
    shown, note = PEOPLE[name]
    files = {"avatar": encoded(portrait(name)), "header": encoded(dusk())} if name == "ines" else {}
    fields = {"display_name": shown, "note": note}
    assert client.patch("/api/v1/accounts/update_credentials", data=fields, files=files or None).status_code == 200
    return Member(name, token, client)


def _post_picture(member: Member) -> dict[str, Any]:
    words = {"description": "A red boat with a white sail in the harbour at dusk"}
    media = member.client.post("/api/v2/media", files={"file": encoded(dusk())}, data=words).json()
    return member.post("The evening boat is in. Everybody who was on it is home.", media_ids=[media["id"]])


def portrait(name: str) -> Image.Image:
    """Draw a face as simple as a buoy."""
    picture = Image.new("RGB", (400, 400), (233, 180, 120))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((-40, 250, 440, 620), fill=(32, 84, 108))
    draw.ellipse((120, 90, 280, 280), fill=(120, 72, 48))
    draw.pieslice((104, 60, 296, 260), 180, 360, fill=(40, 26, 24))
    draw.arc((170, 190, 230, 240), 20, 160, fill=(255, 240, 224), width=6)
    return picture


def dusk() -> Image.Image:
    """Draw a harbour at dusk."""
    width, height = 960, 540
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        part = y / height
        draw.line([(0, y), (width, y)], fill=(int(250 - 160 * part), int(150 - 60 * part), int(110 + 70 * part)))
    draw.ellipse((660, 190, 780, 310), fill=(255, 226, 150))
    draw.rectangle((0, 330, width, height), fill=(38, 62, 96))
    for x in range(0, width, 48):
        draw.line([(x, 360 + x % 90), (x + 60, 360 + x % 90)], fill=(88, 116, 152), width=3)
    draw.polygon([(210, 400), (470, 400), (430, 450), (250, 450)], fill=(196, 72, 56))
    draw.polygon([(330, 230), (330, 392), (440, 392)], fill=(244, 240, 230))
    return picture
