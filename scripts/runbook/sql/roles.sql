-- The roles of one site. Run in the database `lifeboat` by the managed service's admin, who is no superuser.
-- Nothing here needs a superuser-only function or parameter. The one seam between providers is {replication_seam}:
-- how a role may replicate (the REPLICATION attribute, or a grant of rds_replication).

CREATE ROLE lifeboat_owner LOGIN PASSWORD {owner_password};
CREATE ROLE lifeboat_app LOGIN PASSWORD {app_password};
CREATE ROLE lifeboat_agent LOGIN PASSWORD {agent_password};
CREATE ROLE lifeboat_replication LOGIN PASSWORD {replication_password};

{replication_seam};

-- The subscription belongs to the agent; its worker writes each table as that table's owner.
GRANT lifeboat_owner TO lifeboat_agent;
GRANT pg_create_subscription, pg_monitor TO lifeboat_agent;

GRANT CONNECT ON DATABASE lifeboat TO lifeboat_app, lifeboat_agent, lifeboat_replication, lifeboat_owner;
GRANT CREATE ON DATABASE lifeboat TO lifeboat_owner, lifeboat_agent;
GRANT USAGE, CREATE ON SCHEMA public TO lifeboat_owner;
GRANT USAGE ON SCHEMA public TO lifeboat_app, lifeboat_agent, lifeboat_replication;
