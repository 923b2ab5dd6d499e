"""Rules for numbers and passwords: the ranges and lists that a provider refuses to leave, and no SDK looks at."""

import re

from infra.policy.estate import Estate, Resource
from infra.policy.limits import LIMITS
from infra.policy.rule import Findings, fault, number, refuses, rule


@rule()
def values_taken(estate: Estate) -> Findings:
    """Every number lies where its provider takes it."""
    for kind, limits in LIMITS.items():
        for path, (taken, page) in limits.items():
            yield from refuses(
                estate.of(kind), path, taken.refuses, f"has a {path} that must be {taken.meaning} ({page})"
            )


PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105  (a type)
UNSAFE = re.compile(r"[^A-Za-z0-9_.~-]")


@rule()
def passwords_taken(estate: Estate) -> Findings:
    """A password that is made fits every database and every URL: 16 to 128 letters and digits, on Azure some of each kind.

    RDS takes no /, ', " or @ (docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html); Flexible Server
    wants 8 to 128 characters of three kinds (learn.microsoft.com/rest/api/postgresql/servers/create-or-update); Cloud SQL
    takes what PostgreSQL does (cloud.google.com/sql/docs/postgres/built-in-authentication).
    """
    for one in estate.of(PASSWORD):
        if not 16 <= number(one.inputs.get("length")) <= 128:
            yield fault(one, "must be 16 to 128 characters long")
        if one.inputs.get("special") is not False and UNSAFE.search(str(one.inputs.get("overrideSpecial") or "!")):
            yield fault(one, "may have signs that a database or a URL takes for something else")
        if estate.cloud == "azure" and not _has_three_kinds(one):
            yield fault(one, "may lack one of the three kinds of characters that Flexible Server wants")


def _has_three_kinds(one: Resource) -> bool:
    return all(number(one.inputs.get(kind)) >= 1 for kind in ("minLower", "minUpper", "minNumeric"))
