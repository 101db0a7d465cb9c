-- The database and its two roles; the postgres image runs this once, while its volume is empty.
\set owner `cat "${FACSWEB_SECRETS:-/run/secrets}/owner_password"`
\set site `cat "${FACSWEB_SECRETS:-/run/secrets}/site_password"`
CREATE ROLE facsweb_owner LOGIN PASSWORD :'owner'; -- migrates, and owns the tables
CREATE ROLE facsweb LOGIN PASSWORD :'site'; -- what the site runs as
CREATE DATABASE facsweb OWNER facsweb_owner;
\connect facsweb
-- A temporary table named like the log could mislead the trigger that keeps its order.
REVOKE CREATE, TEMPORARY ON DATABASE facsweb FROM PUBLIC;
-- On PostgreSQL 15 and later the owner of the database may make tables there, and nobody else.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO facsweb;
ALTER DEFAULT PRIVILEGES FOR ROLE facsweb_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO facsweb;
ALTER DEFAULT PRIVILEGES FOR ROLE facsweb_owner GRANT USAGE, SELECT ON SEQUENCES TO facsweb;
