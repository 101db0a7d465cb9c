#!/bin/sh
# Makes the secrets of an installation that compose.yaml runs, once:  sudo sh deploy/secrets.sh [FOLDER]
#
# Their group is 10001, which the image runs as; nobody else can read them. POSTGRES_AT and REDIS_AT name other servers
# than those of compose.yaml.
set -eu
umask 077
folder=${1:-secrets}
if [ -e "$folder" ]; then
    echo "$folder is there already; nothing was changed. Secrets that are lost lock you out of your data." >&2
    exit 1
fi
random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

mkdir -p "$folder"
random >"$folder/secret_key"
random >"$folder/postgres_password"
owner=$(random) site=$(random) redis=$(random)
printf %s "$owner" >"$folder/owner_password"
printf %s "$site" >"$folder/site_password"
at=${POSTGRES_AT:-postgres}
printf %s "postgresql://facsweb_owner:$owner@$at/facsweb" >"$folder/owner_database_url"
printf %s "postgresql://facsweb:$site@$at/facsweb" >"$folder/database_url"
printf %s "redis://:$redis@${REDIS_AT:-redis:6379}/0" >"$folder/redis_url"
# Nothing on disk: the database is the truth, and what a Redis loses is put back from it.
printf '%s\n' "requirepass $redis" 'appendonly no' 'save ""' 'maxmemory-policy noeviction' >"$folder/redis_conf"
chmod 440 "$folder"/*
chmod 750 "$folder"
if ! chgrp -R 10001 "$folder" 2>/dev/null; then
    echo "Now, as root: chgrp -R 10001 $folder    (the image runs as that group)" >&2
fi
