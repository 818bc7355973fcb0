#include <array>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/api/local_broker.h"
#include "broker/metadata/controller.h"
#include "broker/node/live_config.h"
#include "broker/rpc/rpc_server.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/record/batch_view.h"
#include "qalam/v1/log.pb.h"
#include "qalam/v1/topic.pb.h"
#include "tests/broker/metadata/memory_store.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/repair.h"
#include "tests/fuzz/rpc_caller.h"
#include "tests/support/memory_file_system.h"

namespace qalam::fuzz {
namespace {

constexpr std::string_view kTopic = "events";
constexpr int kInputsMax = 500;  // Then all starts anew.
constexpr std::size_t kCallsMax = 8;
constexpr std::size_t kRpcUnpackedMax = std::size_t{1} << 20;

// By number; an input's calls name them so: new ones go to the end.
constexpr std::array<std::string_view, 22> kMethods = {
    "/qalam.v1.LogService/Append",
    "/qalam.v1.LogService/Fetch",
    "/qalam.v1.LogService/Tail",
    "/qalam.v1.LogService/Produce",
    "/qalam.v1.LogService/ListOffsets",
    "/qalam.v1.LogService/InitProducer",
    "/qalam.v1.TopicService/CreateTopic",
    "/qalam.v1.TopicService/DeleteTopic",
    "/qalam.v1.TopicService/DescribeTopic",
    "/qalam.v1.TopicService/ListTopics",
    "/qalam.v1.TopicService/AlterTopicConfig",
    "/qalam.v1.TopicService/TrimPartition",
    "/qalam.v1.ClusterService/DescribeCluster",
    "/qalam.v1.ClusterService/ListBrokers",
    "/qalam.v1.ClusterService/ListPartitions",
    "/qalam.v1.ClusterService/GetConfig",
    "/qalam.v1.ClusterService/SetConfig",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/qalam.v1.ObserveService/ExplainRecord",
    "/qalam.v1.ObserveService/ListRefusals"};
constexpr std::size_t kProduce = 3;
constexpr std::array<std::size_t, 2> kEndless = {2, 18};

LocalBrokerOptions BrokerOptions() {
  LocalBrokerOptions options;
  options.log_directory = "/data/log";
  options.version = "fuzz";
  options.append_bytes_in_flight_max = std::size_t{4} << 20;
  options.group_bytes_max = 256u << 10;
  options.recent_bytes_max = std::size_t{1} << 20;
  options.decompressed_bytes_max = kRpcUnpackedMax;
  options.fetch_bytes_max = std::size_t{64} << 10;
  options.fetch_wait_max = std::chrono::milliseconds(5);
  return options;
}

ControllerOptions MetadataOptions() {
  ControllerOptions options;
  options.cluster_id = "cluster";
  options.topics_max = 16;
  options.partitions_max = 64;
  options.message_bytes_max = 256u << 10;
  return options;
}

// A broker whose files are in memory, behind its real server.
class Rig {
 public:
  Rig() {
    QALAM_CHECK(fs_.CreateDirectory("/data").ok());
    controller_ =
        std::move(Controller::Create(store_, SystemClock::Get(), MetadataOptions())).value();
    config_ =
        std::make_unique<LiveConfig>(*controller_, std::move(BrokerConfig::Build({})).value());
    broker_ = LocalBroker::Create(fs_, SystemClock::Get(), *controller_, *config_, BrokerOptions());
    controller_->Start();
    QALAM_CHECK(broker_->Start().ok());
    RpcOptions options;
    options.message_bytes_max = std::size_t{1} << 20;
    options.threads_count = 1;
    server_ = std::move(RpcServer::Create(*broker_, options)).value();
    caller_ = std::make_unique<RpcCaller>(*server_);
  }
  ~Rig() {
    caller_.reset();
    QALAM_CHECK(broker_->Stop(std::chrono::seconds(20)));
    server_->Stop(std::chrono::seconds(20));
    controller_->Stop();
  }
  RpcCaller& caller() { return *caller_; }

  void MakeTopic() {
    v1::CreateTopicRequest create;
    create.set_name(std::string(kTopic));
    create.set_partitions_count(1);
    (void)caller().Call("/qalam.v1.TopicService/CreateTopic", {create.SerializeAsString()}, false);
  }

  // Whatever was sent: what got into the log is whole and readable.
  void CheckLog() {
    Offset from = 0;
    while (true) {
      const Result<FetchResult> fetched = Fetch(from);
      if (!fetched.ok() && fetched.error().code() == ErrorCode::kOffsetOutOfRange && from == 0) {
        from = LogStart();
        if (from > 0) continue;
      }
      if (!fetched.ok()) {  // Its topic was deleted, nothing else.
        QALAM_CHECK(fetched.error().code() == ErrorCode::kUnknownTopic);
        return;
      }
      if (fetched->next_offset == from) return;
      for (const SharedSlice& slice : fetched->batches) CheckBatches(slice.view());
      from = fetched->next_offset;
    }
  }

 private:
  Result<FetchResult> Fetch(Offset from) {
    auto promise = std::make_shared<std::promise<Result<FetchResult>>>();
    FetchRequest request;
    request.partition = {std::string(kTopic), 0};
    request.offset = from;
    broker_->Fetch(request, Reply<FetchResult>([promise](Result<FetchResult> result) {
                     promise->set_value(std::move(result));
                   }));
    return promise->get_future().get();
  }
  Offset LogStart() {
    auto promise = std::make_shared<std::promise<Result<std::vector<OffsetAnswer>>>>();
    OffsetQuery query;
    query.at = OffsetQuery::At::kEarliest;
    broker_->ListOffsets(
        std::string(kTopic), {query},
        Reply<std::vector<OffsetAnswer>>([promise](Result<std::vector<OffsetAnswer>> result) {
          promise->set_value(std::move(result));
        }));
    const auto answers = promise->get_future().get();
    return answers.ok() && !answers->empty() ? answers->front().offset : 0;
  }
  static void CheckBatches(BytesView bytes) {
    BatchCursor batches(bytes);
    Bytes scratch;
    while (true) {
      const auto batch = batches.Next();
      QALAM_CHECK(batch.ok());
      if (!*batch) break;
      QALAM_CHECK(CheckBatchCrc((*batch)->bytes).ok());
      const auto block = DecompressRecords(**batch, scratch, kRpcUnpackedMax);
      QALAM_CHECK(block.ok());
      RecordCursor records((*batch)->header, *block);
      records.Walk([](const RecordView&) { return true; });
      QALAM_CHECK(records.status().ok());
    }
    QALAM_CHECK(batches.rest_bytes() == 0);
  }

  MemoryFileSystem fs_{4096};
  MemoryStore store_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<LiveConfig> config_;
  std::unique_ptr<LocalBroker> broker_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<RpcCaller> caller_;
};

// Starting a broker takes longer than asking it, so one serves many inputs.
class Rigs {
 public:
  Rig& Next() {
    if (++inputs_ % kInputsMax == 0) {
      rig_.reset();
      rig_ = std::make_unique<Rig>();
    }
    return *rig_;
  }

 private:
  std::unique_ptr<Rig> rig_ = std::make_unique<Rig>();
  int inputs_ = 0;
};

// A Produce stream's message: as it is, or a batch of these bytes.
std::string ProduceMessageOf(FuzzInput& in, std::uint64_t batch_id) {
  const std::uint8_t kind = in.Byte();
  const BytesView bytes = in.Part();
  if (kind % 4 == 0) return std::string(AsText(bytes));
  v1::ProduceRequest request;
  request.mutable_batch()->set_batch_id(batch_id);
  if (kind % 4 == 1) request.mutable_batch()->set_expected_offset(kind / 4);
  request.mutable_batch()->set_batch(std::string(AsText(bytes)));
  return request.SerializeAsString();
}

std::vector<std::string> ProduceMessages(FuzzInput& in) {
  std::vector<std::string> messages;
  const std::uint8_t choice = in.Byte();
  if (choice % 2 == 0) {
    v1::ProduceRequest open;
    open.mutable_open()->set_topic(std::string(kTopic));
    open.mutable_open()->set_acks(static_cast<v1::Acks>(choice / 2 % 5));
    messages.push_back(open.SerializeAsString());
  }
  for (std::size_t left = in.Byte() % kCallsMax; left > 0; --left) {
    messages.push_back(ProduceMessageOf(in, messages.size()));
  }
  return messages;
}

// calls: method u8 | message part; of Produce: choice u8 | count u8 | messages: kind u8, part
void RunRpc(BytesView input) {
  static Rigs rigs;
  Rig& rig = rigs.Next();
  rig.MakeTopic();
  FuzzInput in(input);
  for (std::size_t calls = 0; calls < kCallsMax && !in.empty(); ++calls) {
    const std::size_t method = in.Byte() % kMethods.size();
    std::vector<std::string> messages;
    if (method == kProduce) {
      messages = ProduceMessages(in);
    } else {
      messages.push_back(std::string(AsText(in.Part())));
    }
    const bool endless = method == kEndless[0] || method == kEndless[1];
    (void)rig.caller().Call(std::string(kMethods[method]), messages, endless);
  }
  rig.CheckLog();
}

// Batches of a Produce call at the input's beginning.
void RepairRpcInput(std::span<std::byte> input, std::uint64_t /*random*/) {
  constexpr std::size_t kHead = 3;
  if (input.size() < kHead || static_cast<std::size_t>(input[0]) % kMethods.size() != kProduce) {
    return;
  }
  std::size_t left = static_cast<std::size_t>(input[2]) % kCallsMax;
  auto rest = input.subspan(kHead);
  for (; left > 0 && rest.size() > kHead; --left) {
    const auto kind = static_cast<int>(rest[0]);
    const std::size_t size =
        std::min<std::size_t>(FuzzInput(rest.subspan(1)).Short(), rest.size() - kHead);
    if (kind % 4 != 0) RepairBatch(rest.subspan(kHead, size));
    rest = rest.subspan(kHead + size);
  }
}

}  // namespace

const FuzzTarget kRpcTarget = {"rpc", RunRpc, RepairRpcInput};

}  // namespace qalam::fuzz
