"""What the random provider answers: it is no cloud, so its values really are random and keep what was asked of them."""

from tests.engine.shapes import Shape

RANDOM = {
    "random:index/randomBytes:RandomBytes": Shape("none", {"hex": "{random_hex}", "base64": "{random_base64}"}),
    "random:index/randomId:RandomId": Shape("{random_hex}", {"hex": "{random_hex}", "b64Url": "{random_base64}"}),
    "random:index/randomPassword:RandomPassword": Shape(
        "none", {"result": "{random_text}", "bcryptHash": "{random_hex}"}
    ),
    "random:index/randomString:RandomString": Shape("{random_text}", {"result": "{random_text}"}),
    "random:index/randomUuid:RandomUuid": Shape("{uuid}", {"result": "{uuid}"}),
}
