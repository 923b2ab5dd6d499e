"""Which rows name a picture, as SQL that the app and the runbook share; what no row names is served by nobody and may go."""

IS_NAMED = """(
    EXISTS (SELECT FROM public.media_attachment WHERE media_attachment.key = {key})
    OR EXISTS (SELECT FROM public.media_attachment
               WHERE jsonb_path_query_array(sizes, '$.*.key'::jsonpath) @> to_jsonb({key}::text)))"""

# Each picture once, with its size in bytes, in the order of keys: the order in which buckets list them.
EVERY_PICTURE = """
SELECT key, max(size) FROM (
    SELECT key, size FROM public.media_attachment
    UNION ALL SELECT picture ->> 'key', (picture ->> 'bytes')::int
              FROM public.media_attachment, jsonb_path_query(sizes, '$.*') AS picture
) AS named GROUP BY key ORDER BY key COLLATE "C"
"""

# What the outbox still has to bring to a bucket, or to take from it.
ON_THE_WAY = "SELECT key, site FROM public.media_outbox WHERE wanted"
BACKLOG = """
SELECT site, wanted, count(*) AS objects, coalesce(sum(size), 0)::bigint AS bytes,
       extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest_seconds
FROM public.media_outbox WHERE done_at IS NULL GROUP BY site, wanted ORDER BY site, wanted
"""
