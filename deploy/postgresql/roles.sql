-- Roles of the record. Run once as superuser:
--   psql -v ON_ERROR_STOP=1 -f roles.sql
-- then give each login its password without it passing a shell history:  \password tgd
--
-- In pg_hba.conf only these lines for the network, and nothing with `trust`:
--   hostssl tgd         tgd         <network of the processes>  scram-sha-256
--   hostssl replication tgd_replica <network of the replica>    scram-sha-256
--   local   tgd         tgd_watch                               peer map=tgd

-- The processes: owner of the tables (migrations are theirs), no superuser, no other database.
CREATE ROLE tgd LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
GRANT pg_read_all_settings TO tgd;
ALTER ROLE tgd SET synchronous_commit = on;
ALTER ROLE tgd SET timezone = 'UTC';

-- The copy elsewhere, and nothing else.
CREATE ROLE tgd_replica LOGIN NOSUPERUSER REPLICATION;

-- Supervision: numbers about the server, no row of a table.
CREATE ROLE tgd_watch LOGIN NOSUPERUSER;
GRANT pg_monitor TO tgd_watch;

CREATE DATABASE tgd OWNER tgd ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE tgd FROM PUBLIC;
GRANT CONNECT ON DATABASE tgd TO tgd_watch;

\connect tgd
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tgd;
-- Refuses two allocations of one handset at the same time; needs a superuser on some servers.
CREATE EXTENSION IF NOT EXISTS btree_gist;
