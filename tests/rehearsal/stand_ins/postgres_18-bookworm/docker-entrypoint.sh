#!/bin/bash
# Make the cluster at the first start, and run what lies in /docker-entrypoint-initdb.d, as the image of that name does.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    read -r -a options <<< "${POSTGRES_INITDB_ARGS:-}"
    initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" "${options[@]}"
    printf "listen_addresses = '*'\n" >> "$PGDATA/postgresql.conf"
    printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    pg_ctl --pgdata="$PGDATA" --options="-c listen_addresses=''" --wait start
    for each in /docker-entrypoint-initdb.d/*.sql; do
        PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") psql --set ON_ERROR_STOP=1 --no-psqlrc \
            --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --file="$each"
    done
    pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
fi
exec "$@"
