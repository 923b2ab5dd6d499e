-- The machinery of one site, in its own schema. Run by lifeboat_owner. Only `heartbeat` is replicated.

CREATE SCHEMA lifeboat;
GRANT USAGE ON SCHEMA lifeboat TO lifeboat_app, lifeboat_agent, lifeboat_replication;

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO lifeboat_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO lifeboat_replication;

-- The fence: one row that says who this site is, until when it may write and what an acknowledgement needs.
CREATE TABLE lifeboat.fence (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    site text NOT NULL,
    epoch bigint NOT NULL,
    writable boolean NOT NULL,
    valid_until timestamptz NOT NULL,
    rule jsonb NOT NULL
);
GRANT SELECT ON lifeboat.fence TO PUBLIC;
GRANT SELECT, INSERT, UPDATE ON lifeboat.fence TO lifeboat_agent;

-- How far this site had applied its primary's stream when its own slots were last advanced:
-- the slot no longer shows it, and pg_replication_origin_* is for superusers only.
CREATE TABLE lifeboat.applied (
    origin text PRIMARY KEY,
    lsn pg_lsn NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON lifeboat.applied TO lifeboat_agent;

-- Which site this one follows, under which epoch, through which subscription.
CREATE TABLE lifeboat.following (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    primary_site text NOT NULL,
    epoch bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON lifeboat.following TO lifeboat_agent;

-- Slots that have been set to exactly where another site must go on reading, epoch by epoch.
CREATE TABLE lifeboat.prepared_slot (
    site text PRIMARY KEY,
    epoch bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON lifeboat.prepared_slot TO lifeboat_agent;

-- Understudy slots that were seen to reach back to something their site already had: only those have no gap.
CREATE TABLE lifeboat.proven_slot (
    site text PRIMARY KEY,
    origin text NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON lifeboat.proven_slot TO lifeboat_agent;

-- From whom this site took over, epoch by epoch: how far it had that site's log, and where its own log went on alone.
CREATE TABLE lifeboat.taken_over (
    epoch bigint PRIMARY KEY,
    site text NOT NULL,
    position pg_lsn NOT NULL,
    fork pg_lsn NOT NULL,
    origin text NOT NULL
);
GRANT SELECT, INSERT ON lifeboat.taken_over TO lifeboat_agent;

-- Epochs under which this site gave up, row by row, what it alone had.
CREATE TABLE lifeboat.rewound (
    epoch bigint PRIMARY KEY
);
GRANT SELECT, INSERT ON lifeboat.rewound TO lifeboat_agent;

-- Epochs whose move has done everything but say so in the register; the agent says it with its next renewal.
CREATE TABLE lifeboat.ended_move (
    epoch bigint PRIMARY KEY
);
GRANT SELECT, INSERT ON lifeboat.ended_move TO lifeboat_agent;

-- Requests that this site has answered: none is ever acted on twice.
CREATE TABLE lifeboat.answered_request (
    nonce text PRIMARY KEY,
    operator text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT ON lifeboat.answered_request TO lifeboat_agent;

-- Runbooks that this site's agent has taken on. One that is still `running` goes on when the agent is started again.
CREATE TABLE lifeboat.run (
    runbook text PRIMARY KEY,
    commission jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    reason text NOT NULL DEFAULT '',
    began timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE ON lifeboat.run TO lifeboat_agent;

-- A person's word that this site, as primary under one epoch, may acknowledge alone while no standby confirms.
CREATE TABLE lifeboat.alone (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    operator text NOT NULL,
    epoch bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON lifeboat.alone TO lifeboat_agent;

-- Transactions that somebody let a subscription skip: its site does not hold everything any more until it is copied anew.
CREATE TABLE lifeboat.skipped (
    subscription oid PRIMARY KEY,
    lsn pg_lsn NOT NULL
);
GRANT SELECT, INSERT ON lifeboat.skipped TO lifeboat_agent;

-- How often this site's agent looked at this database, and on which timeline: less than its status said means that the
-- database went back to an earlier state, and that it lacks what it had confirmed until it is copied anew.
CREATE TABLE lifeboat.continuity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    looks bigint NOT NULL,
    timeline int NOT NULL,
    went_back text NOT NULL DEFAULT ''
);
GRANT SELECT, INSERT, UPDATE ON lifeboat.continuity TO lifeboat_agent;

-- A row a second while nobody writes: lag stays measurable, and every position stays fresh.
CREATE TABLE lifeboat.heartbeat (
    site text PRIMARY KEY,
    epoch bigint NOT NULL,
    beat bigint NOT NULL,
    at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON lifeboat.heartbeat TO lifeboat_agent;
GRANT SELECT ON lifeboat.heartbeat TO lifeboat_replication, lifeboat_app;

CREATE FUNCTION lifeboat.fence_lock() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT 7308604759915492709 $$;

-- Before each statement: writers share a lock that a drain takes alone, so a drain waits for those under way.
CREATE FUNCTION lifeboat.check_fence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fence lifeboat.fence;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(lifeboat.fence_lock());
    SELECT * INTO fence FROM lifeboat.fence;
    IF fence.writable AND clock_timestamp() < fence.valid_until THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'LB001', MESSAGE =
        format('site %s takes no writes: its fence at epoch %s is closed', fence.site, fence.epoch);
END $$;

-- Once more at commit: a transaction that outlived the lease must not commit.
CREATE FUNCTION lifeboat.check_fence_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fence lifeboat.fence;
BEGIN
    SELECT * INTO fence FROM lifeboat.fence;
    IF fence.writable AND clock_timestamp() < fence.valid_until THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'LB001', MESSAGE =
        format('site %s takes no writes: its lease of epoch %s ended before the commit', fence.site, fence.epoch);
END $$;

-- The apply worker passes: it runs as replica, for which ordinary triggers do not fire.
CREATE FUNCTION lifeboat.guard(guarded regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER lifeboat_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
        FOR EACH STATEMENT EXECUTE FUNCTION lifeboat.check_fence()', guarded);
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = guarded AND tgname = 'lifeboat_fence_at_commit') THEN
        EXECUTE format('CREATE CONSTRAINT TRIGGER lifeboat_fence_at_commit AFTER INSERT OR UPDATE OR DELETE ON %s
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lifeboat.check_fence_at_commit()', guarded);
    END IF;
END $$;

SELECT lifeboat.guard('lifeboat.heartbeat');
