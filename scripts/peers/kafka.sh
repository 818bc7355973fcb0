#!/usr/bin/env bash
# Apache Kafka in a directory of yours: one KRaft node, broker and controller, on loopback.
#   kafka.sh install DIR                    its jars from Maven Central into DIR/lib, and Debian's JDK 17, Maven,
#                                           librdkafka and kcat where they are missing
#   kafka.sh start DIR [SETTING=VALUE ...]  the broker's settings, on top of what one node needs
#   kafka.sh stop DIR [SIGNAL]              TERM unless told otherwise
#   kafka.sh tool DIR CLASS [ARG ...]       e.g. org.apache.kafka.tools.ProducerPerformance
# The port is KAFKA_PORT, 19092 unless set, and the controller has the next one; the heap is KAFKA_HEAP, 1g unless
# set. A topic is durable before the acknowledgement with flush.messages=1. DIR/data holds the data, DIR/server.log
# what the server says.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
[[ $# -ge 2 ]] || usage
recipe=$(realpath "$(dirname "$0")")/kafka/pom.xml
verb=$1
mkdir -p "$2"
dir=$(realpath "$2")
shift 2
port=${KAFKA_PORT:-19092}
heap=${KAFKA_HEAP:-1g}
quiet=-Dorg.slf4j.simpleLogger.defaultLogLevel=warn
# As Kafka's own start script has it.
collector=(-XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent)

run_class() { java "$quiet" -cp "$dir/lib/*" "$@"; }

# Asks which versions of which requests it knows (key 18, version 0), and takes any answer.
answers() (
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit
  printf '\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff' >&3
  (($(timeout 5 head -c 8 <&3 | wc -c) == 8))
)

settings() {
  cat <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
END
  [[ $# -eq 0 ]] || printf '%s\n' "$@"
}

case $verb in
  install)
    command -v javac >/dev/null || need openjdk-17-jdk-headless
    command -v mvn >/dev/null || need maven
    need librdkafka-dev kcat
    cmp -s "$recipe" "$dir/lib/pom.xml" || {
      rm -rf "${dir:?}/lib" "$dir/lib.new"
      mvn -q -B -f "$recipe" dependency:copy-dependencies -DoutputDirectory="$dir/lib.new" >"$dir/install.log" 2>&1 ||
        die "Maven failed, see $dir/install.log"
      cp "$recipe" "$dir/lib.new/pom.xml"
      mv "$dir/lib.new" "$dir/lib"
    }
    ;;
  start)
    settings "$@" >"$dir/server.properties"
    if [[ ! -f $dir/data/meta.properties ]]; then
      mkdir -p "$dir/data"
      run_class kafka.tools.StorageTool format -c "$dir/server.properties" \
        -t "$(run_class kafka.tools.StorageTool random-uuid)" >"$dir/format.log" 2>&1 ||
        die "cannot format $dir/data, see $dir/format.log"
    fi
    serve answers java "-Xms$heap" "-Xmx$heap" "${collector[@]}" "$quiet" -cp "$dir/lib/*" \
      kafka.Kafka "$dir/server.properties"
    ;;
  stop) halt "$@" ;;
  tool) run_class "$@" ;;
  *) usage ;;
esac
