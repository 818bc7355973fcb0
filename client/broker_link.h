#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "client/produce_state.h"
#include "client/steady_time.h"
#include "client/wire_codec.h"
#include "common/unique_function.h"
#include "qalam/result.h"

// The two long conversations with a broker, wherever it is: behind a connection (grpc_links.h), or
// in this process (client/embedded).
namespace qalam::abi0 {

// One Produce stream. Thread: any, but one Write and one Read at a time.
class ProduceLink {
 public:
  // Nothing matters after OnClosed, which comes once, whatever happens; never from within the
  // opening, perhaps from within Write and Cancel. Must not block.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnWritten() = 0;  // The last Write is with the transport.
    // Nothing: the broker sent what is no answer. Then Read again, or later.
    virtual void OnAnswers(std::optional<std::vector<BatchAnswer>> answers) = 0;
    // `from_broker`: it is the broker's own word.
    virtual void OnClosed(const Error& error, bool from_broker) = 0;
  };
  virtual ~ProduceLink() = default;
  // True: it is with the transport at once, and OnWritten does not follow.
  [[nodiscard]] virtual bool Write(const ProduceMessage& message) = 0;
  virtual void Read() = 0;
  virtual void Cancel() = 0;  // OnClosed follows soon. Any number of times.
  // Whether FetchUntil may do something. For ever.
  virtual bool can_fetch() const { return false; }
  // As AnswerSource has it, of this link, until it is closed; the listener hears on the calling
  // thread meanwhile. False: it can't be, or somebody else does it already.
  virtual bool FetchUntil(TimePoint /*end*/, const std::function<bool()>& /*done*/) {
    return false;
  }
};

// A message of a Tail stream.
struct TailPart {
  std::size_t bytes = 0;
  // Puts its batches into the buffer, once. Nothing: it is no such message.
  UniqueFunction<std::optional<TailMessage>(RawBuffer&)> unpack;
};

// One Tail stream. Thread: as ProduceLink.
class TailLink {
 public:
  // As ProduceLink's; may be called from within Read and Cancel.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnPart(TailPart part) = 0;  // Then Read again, or later.
    virtual void OnClosed(const Error& error) = 0;
  };
  virtual ~TailLink() = default;
  virtual void Read() = 0;
  virtual void Cancel() = 0;
};

// A nearer way to a broker than gRPC: it is in this process, or behind a local socket. Thread: any.
class DirectBroker {
 public:
  virtual ~DirectBroker() = default;
  virtual std::shared_ptr<ProduceLink> OpenProduce(
      const ProduceOpen& open, std::shared_ptr<ProduceLink::Listener> listener) = 0;
  // Null: there is no nearer way for tails.
  virtual std::shared_ptr<TailLink> OpenTail(
      const TailOpen& open, const std::shared_ptr<TailLink::Listener>& listener) = 0;
};

}  // namespace qalam::abi0
