"""Pure: whether the release before, and the sites that are not migrated yet, can live with what a migration does.

Expand: it only adds, so standbys go first. Contract: it only drops what an earlier revision released, so the primary goes
first. Anything else is refused with the statement and the rule that it breaks; so is what cannot be judged.
"""

import logging
from collections.abc import Iterator, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from app.migration import Kind, Migration
from scripts.runbook.errors import NotExpandContract

# What it cannot read is refused here; its own warning would say so a second time.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())

_SEQUENCES = {exp.DType.SMALLSERIAL, exp.DType.SERIAL, exp.DType.BIGSERIAL}
_DROPPABLE = {"TABLE", "INDEX", "COLUMN", "CONSTRAINT"}

_UNKNOWN = "only statements that are known to be safe may run on all sites, and this one is not among them"
_UNMARKED = (
    'what is dropped must have been released by an earlier revision: name it in the migration by `contracts = "..."`, '
    "and run this one when no release uses it any more"
)
_NO_KEY = "a replicated table needs a primary key"
_SEQUENCE = "sequences are not replicated: let the app make the keys"
_COMPUTED = "a computed column rewrites the table and is not replicated"
_NOT_NULL = "the release before does not fill this column: give it a constant default, or allow NULL"
_DEFAULT = "each site would fill the rows that are there with another value: the default must be a constant"
_STRICTER = "the release before may write rows that break it"
_LOCKS = "writes would wait for as long as the index takes: create it CONCURRENTLY, in a revision of its own"
_MIXED = "what is created CONCURRENTLY cannot share a transaction: give it a revision of its own"
_BOTH = "a revision that drops may do nothing else"


def judge(migration: Migration) -> Kind:
    """Return which of the two a migration is. Raises NotExpandContract for the first statement that is neither."""
    parsed = [(statement, tree) for statement in migration.statements for tree in _parsed(migration, statement)]
    made = _made([tree for _, tree in parsed])
    for statement, tree in parsed:
        rule = _broken_drop(tree) if migration.contracts else _broken_addition(tree, made)
        if not rule and not is_transactional(statement) and len(parsed) > 1:
            rule = _MIXED
        if rule:
            raise NotExpandContract(migration.revision, statement, rule)
    return "contract" if migration.contracts else "expand"


def tables_made(migration: Migration) -> tuple[str, ...]:
    """Return the tables of schema public that a migration creates: every site publishes them."""
    return _made([tree for statement in migration.statements for tree in _parsed(migration, statement)])


def columns_dropped(migration: Migration) -> tuple[tuple[str, str], ...]:
    """Return each column that a migration drops, with its table."""
    trees = [tree for statement in migration.statements for tree in _parsed(migration, statement)]
    return tuple(
        (tree.this.name, drop.args["tables"][0].name)
        for tree in trees
        if isinstance(tree, exp.Alter)
        for drop in tree.args["actions"]
        if isinstance(drop, exp.Drop) and drop.args["kind"] == "COLUMN"
    )


def is_transactional(statement: str) -> bool:
    """Say whether a statement may run inside a transaction."""
    return not any(tree.args.get("concurrently") for tree in sqlglot.parse(statement, dialect="postgres") if tree)


def index_made(statement: str) -> str | None:
    """Return the name of the index that a statement creates CONCURRENTLY, or None for any other statement."""
    tree = sqlglot.parse_one(statement, dialect="postgres")
    return tree.this.name if isinstance(tree, exp.Create) and tree.args["kind"] == "INDEX" else None


def repeatable(statement: str) -> str:
    """Return a statement that cannot be in a transaction so that it may follow one that was killed after it."""
    tree = sqlglot.parse_one(statement, dialect="postgres")
    if isinstance(tree, exp.Drop):
        tree.set("exists", True)
        return tree.sql(dialect="postgres")
    return statement


def _parsed(migration: Migration, statement: str) -> list[exp.Expr]:
    try:
        return [tree for tree in sqlglot.parse(statement, dialect="postgres") if tree is not None]
    except SqlglotError as reason:
        raise NotExpandContract(migration.revision, statement, _UNKNOWN) from reason


def _made(trees: Sequence[exp.Expr]) -> tuple[str, ...]:
    created = (tree.this.this for tree in trees if _creates(tree, "TABLE") and isinstance(tree.this, exp.Schema))
    return tuple(table.name for table in created if table.db in ("", "public"))


def _creates(tree: exp.Expr, kind: str) -> bool:
    return isinstance(tree, exp.Create) and tree.args["kind"] == kind and not tree.args["replace"]


def _broken_addition(tree: exp.Expr, made: Sequence[str]) -> str:
    """Return the rule that a statement breaks which should only add, or ""."""
    if isinstance(tree, exp.Drop):
        return _UNMARKED
    if isinstance(tree, exp.Alter) and tree.args["kind"] == "TABLE":
        return next(filter(None, (_broken_action(action) for action in tree.args["actions"])), "")
    if _creates(tree, "TABLE"):
        return _broken_table(tree)
    if _creates(tree, "INDEX"):
        return "" if tree.this.args["table"].name in made else _broken_index(tree)
    return "" if _creates(tree, "FUNCTION") or isinstance(tree, exp.Comment) else _UNKNOWN


def _broken_table(tree: exp.Expr) -> str:
    if not isinstance(tree.this, exp.Schema) or tree.args.get("expression") is not None:
        return _UNKNOWN  # made from a query, which answers differently on each site
    if tree.find(exp.PrimaryKey, exp.PrimaryKeyColumnConstraint) is None:
        return _NO_KEY
    return next(filter(None, (_odd_kind(column) for column in tree.find_all(exp.ColumnDef))), "")


def _broken_index(tree: exp.Expr) -> str:
    if tree.args["unique"]:
        return _STRICTER
    return "" if tree.args["concurrently"] else _LOCKS


def _broken_action(action: exp.Expr) -> str:
    if isinstance(action, exp.ColumnDef):
        return _broken_column(action)
    if isinstance(action, exp.Drop):
        return _UNMARKED
    if isinstance(action, exp.AddConstraint):
        return _STRICTER
    if isinstance(action, exp.AlterColumn):
        return _broken_alteration(action)
    return _UNKNOWN


def _broken_column(column: exp.ColumnDef) -> str:
    kinds = {type(constraint.kind): constraint.kind for constraint in column.constraints}
    default = kinds.get(exp.DefaultColumnConstraint)
    if odd := _odd_kind(column):
        return odd
    if default is not None and not _is_constant(default.this):
        return _DEFAULT
    null_again = kinds.get(exp.NotNullColumnConstraint)
    if null_again is not None and not null_again.args.get("allow_null") and default is None:
        return _NOT_NULL
    known = (exp.DefaultColumnConstraint, exp.NotNullColumnConstraint, exp.Reference)
    return "" if all(issubclass(kind, known) for kind in kinds) else _STRICTER


def _broken_alteration(action: exp.AlterColumn) -> str:
    """Let a column become laxer, or take a constant default."""
    if action.args.get("allow_null") or ((default := action.args.get("default")) is not None and _is_constant(default)):
        return ""
    return _STRICTER if action.args.get("allow_null") is False else _UNKNOWN


def _odd_kind(column: exp.ColumnDef) -> str:
    if column.kind is not None and column.kind.this in _SEQUENCES:
        return _SEQUENCE
    for constraint in column.constraints:
        if isinstance(constraint.kind, exp.GeneratedAsIdentityColumnConstraint):
            return _SEQUENCE
        if isinstance(constraint.kind, exp.ComputedColumnConstraint):
            return _COMPUTED
    return ""


def _is_constant(value: exp.Expr) -> bool:
    parts = (exp.Literal, exp.Boolean, exp.Null, exp.Neg, exp.Cast, exp.DataType)
    return all(isinstance(node, parts) for node in value.walk())


def _broken_drop(tree: exp.Expr) -> str:
    """Return the rule that a statement breaks which should only drop, or ""."""
    drops = list(_drops(tree))
    if not drops:
        return _BOTH
    if any(drop.args["kind"] not in _DROPPABLE or drop.args["cascade"] for drop in drops):
        return _UNKNOWN
    return ""


def _drops(tree: exp.Expr) -> Iterator[exp.Drop]:
    """Yield every drop of a statement, and nothing where it does anything else as well."""
    if isinstance(tree, exp.Drop):
        yield tree
    elif isinstance(tree, exp.Alter) and all(isinstance(action, exp.Drop) for action in tree.args["actions"]):
        yield from tree.args["actions"]
