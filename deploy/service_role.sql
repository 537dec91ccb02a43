-- The service's role is no superuser: policies on rows do not bind those.
\set secret `cat /run/secrets/postgres_password`
CREATE ROLE yinzheng LOGIN PASSWORD :'secret' NOSUPERUSER NOBYPASSRLS;
CREATE DATABASE yinzheng OWNER yinzheng;
