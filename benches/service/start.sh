#!/usr/bin/env bash
# Runs one OpenSearch node in the foreground, as a user other than root.
#
#   benches/service/start.sh JAVA HOME NODE
#
# HOME is what lay_out.sh made; NODE holds config/ and the empty folders data/, logs/ and tmp/. Heap and collector are
# those of the published server. A Java that has Lucene's vector instructions (20 and newer) is told to use them.
set -euo pipefail
java=$1 home=$2 node=$3
vector=()
modules=$("$java" --list-modules) about=$("$java" -version 2>&1)
if [[ $modules == *jdk.incubator.vector@* && $about =~ \"([0-9]+) && ${BASH_REMATCH[1]} -ge 20 ]]; then
  vector=(--add-modules=jdk.incubator.vector)
fi
exec "$java" -Xms1g -Xmx1g -XX:+UseG1GC -XX:G1ReservePercent=25 -XX:InitiatingHeapOccupancyPercent=30 "${vector[@]}" \
  -Djava.security.manager=allow -Djava.io.tmpdir="$node/tmp" -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true \
  -Dopensearch.networkaddress.cache.ttl=60 -Dopensearch.path.home="$home" -Dopensearch.path.conf="$node/config" \
  -Dopensearch.distribution.type=tar -Dopensearch.bundled_jdk=false -cp "$home/lib/*" org.opensearch.bootstrap.OpenSearch
