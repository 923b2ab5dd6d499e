"""Search in the language of a post, and names that are found though they are misspelt."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# An index needs a function that always gives the same; names are qualified, as replication applies with no search path.
CONFIGURATION = """
CREATE FUNCTION text_configuration(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE split_part(lower(language), '-', 1)
        WHEN 'da' THEN 'pg_catalog.danish' WHEN 'de' THEN 'pg_catalog.german' WHEN 'en' THEN 'pg_catalog.english'
        WHEN 'es' THEN 'pg_catalog.spanish' WHEN 'fi' THEN 'pg_catalog.finnish' WHEN 'fr' THEN 'pg_catalog.french'
        WHEN 'hu' THEN 'pg_catalog.hungarian' WHEN 'it' THEN 'pg_catalog.italian' WHEN 'nl' THEN 'pg_catalog.dutch'
        WHEN 'no' THEN 'pg_catalog.norwegian' WHEN 'pt' THEN 'pg_catalog.portuguese' WHEN 'ro' THEN 'pg_catalog.romanian'
        WHEN 'ru' THEN 'pg_catalog.russian' WHEN 'sv' THEN 'pg_catalog.swedish' WHEN 'tr' THEN 'pg_catalog.turkish'
        ELSE 'pg_catalog.simple' END::regconfig
$$
"""
WORDS = """
CREATE INDEX status_words_in_language ON status USING gin (to_tsvector(text_configuration(language), text))
WHERE language IS NOT NULL
"""
# A trusted extension, which a service may not offer: then names are found by their beginning alone.
TRIGRAMS = """
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
    CREATE INDEX account_names ON account USING gin ((username || ' ' || display_name) gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR invalid_parameter_value THEN
    RAISE NOTICE 'pg_trgm is not offered here, so names are found by their beginning alone';
END $$
"""


def upgrade() -> None:
    """Add a function, indexes and, where it exists, an extension."""
    op.execute(CONFIGURATION)
    op.execute(WORDS)
    op.execute(TRIGRAMS)
