// Writes the seeds of the fuzz targets: fuzz_seeds DIRECTORY, into DIRECTORY/<target>/seed-*. Those
// in tests/fuzz/corpus were made by it; inputs that were found lie beside them under other names.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/producer_state.h"
#include "broker/log/segment_crc.h"
#include "broker/metadata/metadata_records.h"
#include "broker/node/meta_properties.h"
#include "broker/partition/decision_ring.h"
#include "broker/partition/ring_file.h"
#include "common/record/batch_builder.h"
#include "common/record/compression.h"
#include "qalam/v1/cluster.pb.h"
#include "qalam/v1/error.pb.h"
#include "qalam/v1/log.pb.h"
#include "qalam/v1/topic.pb.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/log_input.h"
#include "tests/fuzz/repair.h"
#include "tests/qa/checker/history_generator.h"
#include "tests/qa/checker/history_writer.h"
#include "tests/support/memory_file_system.h"

namespace qalam::fuzz {
namespace {

constexpr TimestampMs kTime = 1'700'000'000'000;

class Seeds {
 public:
  explicit Seeds(std::string directory) : directory_(std::move(directory)) {}
  void Add(std::string_view target, std::string_view name, BytesView bytes) const {
    const std::filesystem::path folder = std::filesystem::path(directory_) / target;
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / ("seed-" + std::string(name)), std::ios::binary);
    const std::string_view text = AsText(bytes);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    QALAM_CHECK(file.good());
  }
  void Add(std::string_view target, std::string_view name, FuzzInputWriter input) const {
    Add(target, name, BytesView(input.Take()));
  }

 private:
  const std::string directory_;
};

Bytes MakeBatch(CompressionType compression, int records, ProducerId producer = kNoProducerId) {
  BatchBuilder builder;
  for (int i = 0; i < records; ++i) {
    const std::string value = "value " + std::to_string(i);
    const HeaderInput headers[] = {{"h", AsBytes("1")}, {"null", std::nullopt}};
    builder.Add(kTime + i, i % 2 == 0 ? std::nullopt : std::optional(AsBytes("key")),
                AsBytes(value),
                i == 1 ? std::span<const HeaderInput>(headers) : std::span<const HeaderInput>());
  }
  BatchBuilder::Trailer trailer;
  trailer.compression = compression;
  if (producer >= 0) {
    trailer.producer_id = producer;
    trailer.producer_epoch = 0;
    trailer.base_sequence = 0;
  }
  return builder.Finish(trailer);
}

constexpr CompressionType kCodecs[] = {CompressionType::kNone, CompressionType::kGzip,
                                       CompressionType::kSnappy, CompressionType::kLz4,
                                       CompressionType::kZstd};

void AddBatches(const Seeds& seeds) {
  for (const CompressionType codec : kCodecs) {
    const std::string name(CompressionName(codec));
    seeds.Add("batch", name, FuzzInputWriter().Number(0, 1).Rest(MakeBatch(codec, 4)));
    Bytes packed;
    QALAM_CHECK(Compress(codec, AsBytes(std::string(300, 'x') + "tail"), packed).ok());
    seeds.Add("codec", name,
              FuzzInputWriter().Number(static_cast<unsigned>(codec) + 15u, 1).Rest(packed));
    Bytes bomb;
    QALAM_CHECK(Compress(codec, Bytes(std::size_t{2} << 20), bomb).ok());
    if (bomb.size() < 16384) {
      seeds.Add("codec", name + "-bomb",
                FuzzInputWriter().Number(static_cast<unsigned>(codec) + 15u, 1).Rest(bomb));
    }
  }
  seeds.Add("batch", "producer",
            FuzzInputWriter().Number(1, 1).Rest(MakeBatch(CompressionType::kNone, 1, 77)));
}

// So many batches, as a segment has them.
Bytes Segment(int batches) {
  Bytes bytes;
  for (int i = 0; i < batches; ++i) {
    const Bytes batch = MakeBatch(i == 1 ? CompressionType::kLz4 : CompressionType::kNone, 1 + i,
                                  i == 2 ? 9 : kNoProducerId);
    bytes.insert(bytes.end(), batch.begin(), batch.end());
  }
  RepairBatches(bytes, Offset{0});
  return bytes;
}

void AddLogs(const Seeds& seeds) {
  const Bytes segment = Segment(4);
  const auto first = static_cast<std::uint64_t>(BatchHeader::Decode(segment).size_bytes());
  const auto head = [](std::uint64_t flags, std::uint64_t offset, std::uint64_t position) {
    return FuzzInputWriter().Number(flags, 1).Number(offset, 2).Number(position, 2).Number(0, 4);
  };
  seeds.Add("recovery", "from-the-start", head(0, 0, 0).Rest(segment));
  seeds.Add("recovery", "from-a-checkpoint", head(0, 1, first).Rest(segment));
  seeds.Add("recovery", "os", head(1, 0, 0).Rest(segment));
  seeds.Add("recovery", "torn",
            head(0, 1, first).Rest(BytesView(segment).first(segment.size() - 20)));
  seeds.Add(
      "recovery", "two-segments",
      FuzzInputWriter().Number(2, 1).Number(0, 4).Number(first, 2).Number(1, 2).Rest(segment));

  const auto& files = GoodLogFiles();
  for (const auto& [name, content] : files) {
    const auto base = ParseSegmentFileName(name, kCrcSuffix);
    if (!base) continue;
    const Bytes& offsets = files.at(SegmentFileName(*base, kIndexSuffix));
    const Bytes& times = files.at(SegmentFileName(*base, kTimeIndexSuffix));
    const bool is_first = *base == 0;
    for (const unsigned flags : {0u, 1u, 4u, 5u}) {
      seeds.Add("index", (is_first ? "first-" : "last-") + std::to_string(flags),
                FuzzInputWriter()
                    .Number(flags + (is_first ? 2u : 0u), 1)
                    .Part(offsets)
                    .Part(times)
                    .Rest(content));
    }
    if (is_first) {
      seeds.Add("checkpoint", "sidecar", FuzzInputWriter().Number(5, 1).Rest(content));
      seeds.Add("dump", "index", FuzzInputWriter().Number(1, 1).Rest(offsets));
      seeds.Add("dump", "time-index", FuzzInputWriter().Number(2, 1).Rest(times));
      seeds.Add("dump", "sidecar", FuzzInputWriter().Number(4, 1).Rest(content));
    }
  }
  seeds.Add("dump", "log", FuzzInputWriter().Number(0, 1).Rest(segment));
  seeds.Add("dump", "epochs", FuzzInputWriter().Number(6, 1).Rest(AsBytes("0\n1\n0 0\n")));
}

// A batch, its group and its first read, a refusal, and who sent them.
void AddRing(const Seeds& seeds) {
  DecisionRing ring(0, 1, RingShape{1, 1, 1});
  BatchDecision batch;
  batch.head.kind = EntryKind::kBatch;
  batch.head.origin = ring.Intern(OriginLabel("orders-service", "grpc", "ipv4:127.0.0.1:5000"));
  batch.received_ns = 1'000;
  batch.queue_ns = 500;
  batch.base_offset = 7;
  batch.last_offset_delta = 2;
  batch.bytes = 200;
  batch.expected_offset = kNoOffset;
  batch.group = ring.NextGroup();
  ring.Add(batch);
  GroupDecision group;
  group.head.kind = EntryKind::kGroup;
  group.number = batch.group;
  group.batches = 1;
  group.formed_ns = 1'500;
  group.acknowledged_ns = 2'000'000;
  group.acknowledged_ms = 1'700'000'000'000;
  ring.Add(group);
  ReadDecision read;
  read.head.kind = EntryKind::kRead;
  read.from = 7;
  read.to = 10;
  read.at_ns = 3'000'000;
  ring.Add(read);
  RefusalDecision refusal;
  refusal.head.kind = EntryKind::kRefusal;
  refusal.head.origin = batch.head.origin;
  refusal.head.code = static_cast<std::uint8_t>(ErrorCode::kUnexpectedOffset);
  ring.Add(refusal, "orders-0 ends at offset 10, not at 3");
  MemoryFileSystem fs;
  if (!fs.CreateDirectory("/rings").ok() || !RingFile(fs, "/rings/r", ring).Write().ok()) return;
  seeds.Add("ring", "all-kinds", fs.Content("/rings/r"));
}

void AddSmallFiles(const Seeds& seeds) {
  const auto add = [&](std::string_view name, unsigned kind, BytesView content) {
    seeds.Add("checkpoint", name, FuzzInputWriter().Number(kind, 1).Rest(content));
  };
  const Bytes durable = GoodLogFiles().at(std::string(kDurableCheckpointName));
  Bytes slots(durable.begin(), durable.begin() + 68);
  slots.insert(slots.end(), durable.begin() + 4096, durable.begin() + 4096 + 68);
  add("durable", 0, slots);
  seeds.Add("dump", "durable", FuzzInputWriter().Number(5, 1).Rest(durable));
  add("epochs", 1, AsBytes("0\n2\n0 0\n3 20\n"));
  add("dirty", 2, AsBytes("00000000 orders-0\n00000000 orders-1\n"));
  add("retention", 3, AsBytes("1700000000000 3600000000000 00000000\n"));
  add("partition", 4, GoodLogFiles().at(std::string(kPartitionMetadataName)));
  MetaProperties meta;
  meta.cluster_id = "cluster";
  meta.directory_id = "directory";
  meta.owner_epoch = 5;
  seeds.Add("config", "meta", FuzzInputWriter().Number(4, 1).Rest(AsBytes(meta.ToText())));

  ProducerState state;
  BatchHeader batch;
  batch.producer_id = 3;
  batch.producer_epoch = 0;
  batch.base_sequence = 0;
  batch.last_offset_delta = 4;
  state.OnAppended(batch);
  const Bytes snapshot = state.EncodeSnapshot();
  seeds.Add("producers", "snapshot",
            FuzzInputWriter().Part(snapshot).Rest(AsBytes(std::string_view("\x03\x05\x01", 3))));
  seeds.Add("producers", "batches",
            FuzzInputWriter()
                .Part(std::string_view())
                .Rest(AsBytes(std::string_view("\0\0\1\0\2\1\0\4\0\5\0\0\200\0\1", 15))));
  seeds.Add("dump", "snapshot", FuzzInputWriter().Number(3, 1).Rest(snapshot));
}

void AddTexts(const Seeds& seeds) {
  TopicRecord topic;
  topic.name = "orders";
  topic.id = log_test::TopicId();
  topic.partitions_count = 1;
  topic.overrides["retention.ms"] = "1000";
  PartitionImage partition;
  partition.leader = 1;
  partition.leader_epoch = 4;
  partition.replicas = partition.isr = {1};
  seeds.Add("metadata", "topic",
            FuzzInputWriter()
                .Part(TopicKey("orders"))
                .Part(EncodeTopic(topic))
                .Part(PartitionKey("orders", 0))
                .Part(EncodePartition(partition))
                .Part(std::string(kClusterIdKey))
                .Part("cluster")
                .Part(std::string(kNextProducerIdKey))
                .Part("1000")
                .Part(std::string(kDynamicConfigPrefix) + "log.retention.ms")
                .Part("5000"));
  const auto config = [&](std::string_view name, unsigned kind, std::string_view text) {
    seeds.Add("config", name, FuzzInputWriter().Number(kind, 1).Rest(AsBytes(text)));
  };
  config("toml", 0,
         "listeners = [\"127.0.0.1:7420\", \"[::1]:0\"]\n[log]\nsegment.bytes = \"64MiB\"\n"
         "retention.ms = 1000\n[qalam]\nflush = \"os\" # fast\nallow.insecure = false\n");
  config("settings", 2,
         "log.segment.bytes=1GiB\nretention.ms=7d\nqalam.flush=interval\nflush.ms=100\n"
         "QALAM_LOG_LEVEL=debug\nmax.message.bytes=1MiB\n");
  config("size", 3, "10MiB");
  config("duration", 3, "1h30m");
  config("address", 3, "[::1]:7420");
  config("topic-name", 3, "orders.v1_x-y");
  const auto format = [&](std::string_view name, std::string_view text, std::string_view rest) {
    seeds.Add("format", name,
              FuzzInputWriter()
                  .Number(0, 1)
                  .Part(text)
                  .Part("key")
                  .Part("value")
                  .Number(static_cast<std::uint64_t>(kTime), 8)
                  .Rest(AsBytes(rest)));
  };
  format("all", "%t %p %o %k{hex} %v{base64} %h %H %d{strftime[%Y-%m-%d]} %e %[ %] %i %%\\n\\x41",
         "");
  format("sized", "%K,%V:%k%v\\n", "3,5:keyvalue\n-1,-1:\n");
  format("lines", "%p %d{ms} %k=%v\\n", "1 5 a=b\n2 6 c=d\n");
  seeds.Add("format", "json",
            FuzzInputWriter().Number(1, 1).Part("key").Part("null").Rest(
                AsBytes("{\"key\":\"a\",\"value_base64\":\"AAE=\",\"headers\":[{\"key\":\"h\","
                        "\"value\":null}],\"timestamp\":5,\"partition\":0}")));
  for (const std::string_view place :
       {"@2026-01-02T03:04:05.678+01:00", "@-15m", "-10", "orders:0,1,2", "2026-01-02"}) {
    seeds.Add("format", "place-" + std::to_string(place.size()),
              FuzzInputWriter().Number(2, 1).Rest(AsBytes(place)));
  }
  const auto http = [&](std::string_view name, std::uint64_t kind, std::string_view text) {
    seeds.Add("http_text", name, FuzzInputWriter().Number(kind, 1).Rest(AsBytes(text)));
  };
  http("topic", 0,
       "{\"name\": \"orders\", \"partitionsCount\": 3, \"config\": {\"retention.ms\": \"7d\"},"
       " \"validateOnly\": true}");
  http("change", 0,
       "{\"set\": {\"a\": \"\\u00e9\"}, \"unset\": [\"b\"], \"validate_only\": false}");
  http("trim", 0, "{\"beforeOffset\": \"-1\"}");
  http("token", 1, "YYABAAU");
  http("target", 2, "/api/v1/records?topic=a%20b&limit=5&contains=1+2");
  seeds.Add("http_text", "headers",
            FuzzInputWriter()
                .Number(3, 1)
                .Part("1")
                .Part("http://127.0.0.1:7480")
                .Part("same-origin")
                .Part("application/json; charset=utf-8")
                .Part("br, gzip;q=0.5")
                .Part("W/\"1\", *"));
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    qa::GeneratorOptions options;
    options.seed = seed;
    options.steps = 12;
    options.partitions_max = 1;
    seeds.Add("history", std::to_string(seed),
              AsBytes(qa::WriteHistory(qa::GenerateHistory(options))));
  }
}

std::string Appended(std::string_view topic) {
  v1::AppendRequest request;
  request.set_topic(std::string(topic));
  v1::Record& record = *request.add_records();
  record.set_key("k");
  record.set_value("v");
  record.add_headers()->set_key("h");
  return request.SerializeAsString();
}

void AddMessages(const Seeds& seeds) {
  const Bytes batch = MakeBatch(CompressionType::kNone, 3, 5);
  v1::ProduceRequest open;
  open.mutable_open()->set_topic("events");
  open.mutable_open()->set_acks(v1::ACKS_LEADER);
  open.mutable_open()->set_client_id("me");
  v1::ProduceRequest produce;
  produce.mutable_batch()->set_batch_id(300);
  produce.mutable_batch()->set_expected_offset(7);
  produce.mutable_batch()->set_batch(std::string(AsText(batch)));
  v1::ProduceRequest restart;
  restart.mutable_restart();
  int number = 0;
  for (const v1::ProduceRequest* message : {&open, &produce, &restart}) {
    seeds.Add("produce_wire", std::to_string(number++),
              FuzzInputWriter().Number(3, 1).Rest(AsBytes(message->SerializeAsString())));
  }

  const Bytes segment = Segment(3);
  seeds.Add("client_wire", "batches", FuzzInputWriter().Number(1, 2).Rest(segment));
  v1::TailResponse tail;
  tail.set_batches(std::string(AsText(segment)));
  tail.set_next_offset(6);
  tail.set_high_watermark(9);
  tail.set_leader_epoch(2);
  seeds.Add("client_wire", "tail",
            FuzzInputWriter().Number(0x0105, 2).Rest(AsBytes(tail.SerializeAsString())));
  v1::ProduceResponse answers;
  answers.add_results()->set_base_offset(4);
  answers.add_results()->mutable_error()->set_reason("CORRUPT_BATCH");
  seeds.Add("client_wire", "produce",
            FuzzInputWriter().Number(0x0200, 2).Rest(AsBytes(answers.SerializeAsString())));
  v1::ErrorInfo info;
  info.set_reason("UNKNOWN_TOPIC");
  info.set_domain("qalam");
  (*info.mutable_metadata())["nearest"] = "events";
  v1::RpcStatus status;
  status.set_code(5);
  status.add_details()->PackFrom(info);
  seeds.Add("client_wire", "status",
            FuzzInputWriter().Number(0x0305, 2).Rest(AsBytes(status.SerializeAsString())));

  v1::FetchRequest fetch;
  fetch.set_topic("events");
  fetch.set_max_wait_ms(5);
  v1::TailRequest follow;
  follow.set_topic("events");
  v1::CreateTopicRequest create;
  create.set_name("other");
  create.set_partitions_count(2);
  (*create.mutable_config())["segment.bytes"] = "1MiB";
  v1::AlterTopicConfigRequest alter;
  alter.set_name("events");
  (*alter.mutable_set())["qalam.flush"] = "os";
  alter.add_unset("retention.ms");
  v1::TrimPartitionRequest trim;
  trim.set_topic("events");
  trim.set_before_offset(-1);
  v1::ListOffsetsRequest offsets;
  offsets.set_topic("events");
  offsets.add_queries()->set_latest(true);
  offsets.add_queries()->set_timestamp_ms(kTime);
  offsets.add_queries()->set_max_timestamp(true);
  v1::SetConfigRequest settings;
  (*settings.mutable_set())["log.retention.ms"] = "7d";
  v1::ListTopicsRequest topics;
  topics.set_page_size(1);
  v1::GetConfigRequest get;
  get.add_keys("log.level");
  seeds.Add("rpc", "produce",
            FuzzInputWriter()
                .Number(3, 1)
                .Number(0, 1)
                .Number(3, 1)
                .Number(2, 1)
                .Part(MakeBatch(CompressionType::kNone, 3))
                .Number(2, 1)
                .Part(MakeBatch(CompressionType::kZstd, 3))
                .Number(0, 1)
                .Part(restart.SerializeAsString())
                .Number(2, 1)
                .Part(follow.SerializeAsString()));
  const auto call = [](FuzzInputWriter& input, unsigned method,
                       const google::protobuf::MessageLite& message) {
    input.Number(method, 1).Part(message.SerializeAsString());
  };
  FuzzInputWriter append;
  append.Number(0, 1).Part(Appended("events"));
  call(append, 1, fetch);
  call(append, 4, offsets);
  call(append, 11, trim);
  append.Number(5, 1).Part(std::string_view());
  seeds.Add("rpc", "append", std::move(append));
  FuzzInputWriter admin;
  call(admin, 6, create);
  call(admin, 10, alter);
  call(admin, 9, topics);
  call(admin, 15, get);
  call(admin, 16, settings);
  seeds.Add("rpc", "topics", std::move(admin));
  FuzzInputWriter others;
  for (const unsigned method : {7u, 8u, 12u, 13u, 14u, 17u, 18u, 19u}) {
    others.Number(method, 1).Part(
        std::string_view("\x0a\x06"
                         "events",
                         8));
  }
  seeds.Add("rpc", "others", std::move(others));
}

}  // namespace
}  // namespace qalam::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds DIRECTORY\n");
    return 2;
  }
  const qalam::fuzz::Seeds seeds(argv[1]);
  qalam::fuzz::AddBatches(seeds);
  qalam::fuzz::AddLogs(seeds);
  qalam::fuzz::AddRing(seeds);
  qalam::fuzz::AddSmallFiles(seeds);
  qalam::fuzz::AddTexts(seeds);
  qalam::fuzz::AddMessages(seeds);
  return 0;
}
