"""The rules as Pulumi's engine takes them: one policy a rule, over the whole stack, since most look at two resources."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from infra.policy.check import examine
from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.exceptions import Excepted, read_exceptions
from infra.policy.rule import RULES, Rule

NAME = "lifeboat"


def run_pack() -> None:
    """Serve the pack to the engine that started this process; a bad file of exceptions stops it."""
    exceptions = read_exceptions()
    PolicyPack(name=NAME, policies=[_policy(one, exceptions) for one in RULES.values()])


def _policy(rule: Rule, exceptions: Sequence[Excepted]) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        estate, today = read_stack(args.resources), datetime.now(UTC).date()
        urns = {(one.resource_type, one.name): one.urn for one in args.resources}
        for result in examine(rule, estate, exceptions, today):
            if not result.excepted:
                report(str(result), urns.get((result.type, result.resource)))

    return StackValidationPolicy(
        name=rule.name, description=rule.meaning, validate=validate, enforcement_level=EnforcementLevel.MANDATORY
    )


def read_stack(resources: Sequence[PolicyResource]) -> Estate:
    """Turn what the engine shows of a stack into an estate; in a preview some values are not known yet."""
    return Estate(tuple(map(_read, resources)))


def _read(one: PolicyResource) -> Resource:
    needs = {
        name: tuple(f"{other.resource_type}::{other.name}" for other in others)
        for name, others in one.property_dependencies.items()
    }
    return Resource(one.resource_type, one.name, _plain(one.props), bool(one.opts.protect), needs)


def _plain(value: Any) -> Any:
    """Copy a value out of the engine's proxies, which raise where it is not known."""
    if isinstance(value, Mapping):
        return {name: _item(value, name) for name in list(value)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_item(value, index) for index in range(len(value))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(value: Any, key: Any) -> Any:
    try:
        return _plain(value[key])
    except UnknownValueError:
        return UNKNOWN
