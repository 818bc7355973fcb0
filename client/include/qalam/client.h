#pragma once

// The client library of Qalam, a partitioned, durable log. C++17. This header has all of it.
//   auto client = qalam::Client::Connect("127.0.0.1:7420").Value();
//   auto producer = client.NewProducer();
//   auto delivery = producer.Send(qalam::Record("orders", "42", "paid"));
//   auto reader = client.NewReader({{"orders", 0}}, qalam::From::Start()).Value();
// Nothing here throws but Result::Value() and Status::Check().

#include <memory>
#include <string_view>
#include <vector>

#include "qalam/admin.h"
#include "qalam/error.h"
#include "qalam/export.h"
#include "qalam/options.h"
#include "qalam/producer.h"
#include "qalam/reader.h"
#include "qalam/record.h"
#include "qalam/result.h"
#include "qalam/version.h"

QALAM_BEGIN_NAMESPACE
// A connection to a broker or cluster, shared by the producers and readers made from it; they may
// outlive it. After fork() the child may not use any of them (FORKED). Thread: any.
class QALAM_EXPORT Client {
 public:
  // Checks the addresses and returns; connecting happens with the first use. INVALID_ARGUMENT.
  static Result<Client> Connect(ClientOptions options);
  // "HOST:PORT", "unix:PATH", or several with commas.
  static Result<Client> Connect(std::string_view bootstrap);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // Options out of their bounds are brought into them.
  Producer NewProducer(ProducerOptions options = {}) const;
  // INVALID_ARGUMENT: no partition, the same one twice, or a negative offset. Everything else
  // shows in Reader::Next.
  Result<Reader> NewReader(std::vector<TopicPartition> partitions, From from,
                           ReaderOptions options = {}) const;
  // Every partition of a topic, as it is now. Asks the broker. Errors: UNKNOWN_TOPIC,
  // UNREACHABLE.
  Result<std::vector<TopicPartition>> PartitionsOf(const std::string& topic) const;
  Admin admin() const;

 protected:
  explicit Client(std::shared_ptr<ClusterClient> cluster) noexcept;
  Client Shared() const noexcept { return Client(cluster_); }

 private:
  std::shared_ptr<ClusterClient> cluster_;
};

QALAM_END_NAMESPACE
