# To be read by the scripts beside it: a gateway with an empty state in $work/state that serves the
# bucket "bench" of an S3 in memory, which drops what it gets and makes it again, at
# $address/bench. Sets $endpoint and $gateway, the process; both end with the script.
#
#   start_gateway MB_PER_SECOND CACHE_MIB MEMORY_MIB [KEY=MEBIBYTES...]
#
# $mount_options are further options of `bucketfs mount create`.
# Needs what `./mvnw -Pquick -DskipTests package` builds.
. "$home/.mvn/jdk25.sh"
work=$(mktemp -d "${BENCH_DIR:-/var/tmp}/bucketfs-bench.XXXXXX")
address=127.0.0.1:2051
gateway=
store=

in_java() {
  exec "$JAVA_HOME/bin/java" -Xmx2g -XX:+UseSerialGC \
    --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -cp "$home/bench/target/classes:$home/bench/target/lib/*" "$@"
}

stop_gateway() {
  if [ -n "$gateway" ]; then
    kill "$gateway" 2>/dev/null || :
    wait "$gateway" || :
  fi
  if [ -n "$store" ]; then
    exec 3>&-
    wait "$store" || :
    cat "$work/store.log"
  fi
  rm -rf "$work/state"
}

start_gateway() {
  rate=$1
  cache=$2
  memory=$3
  shift 3
  mkfifo "$work/end"
  trap stop_gateway EXIT
  in_java io.bucketfs.bench.nfs.DroppingStore "$rate" "$@" <"$work/end" >"$work/store.log" &
  store=$!
  exec 3>"$work/end"
  until [ -s "$work/store.log" ]; do sleep 0.2; done
  endpoint=$(head -n 1 "$work/store.log")

  export AWS_ACCESS_KEY_ID=bench AWS_SECRET_ACCESS_KEY=bench BUCKETFS_BUILD=never
  "$home/bucketfs" serve --state "$work/state" --listen 127.0.0.1 --port 2051 --admin-port 9051 \
    --cache-size "${cache}MiB" --memory "${memory}MiB" >"$work/gateway.log" 2>&1 3>&- &
  gateway=$!
  until grep -qs ready "$work/gateway.log"; do
    kill -0 "$gateway" || { cat "$work/gateway.log" >&2; exit 1; }
    sleep 0.2
  done
  "$home/bucketfs" mount create --state "$work/state" --bucket bench --region us-east-1 \
    --path-style --endpoint "$endpoint" ${mount_options:-} >"$work/mount.log"
}
