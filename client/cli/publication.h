#pragma once

#include <qalam/client.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/format_reader.h"
#include "client/cli/pacer.h"
#include "client/cli/record_source.h"
#include "client/cli/verdicts.h"

namespace qalam::cli {

// How `produce` cuts its input into records, and what it adds to them.
struct PublicationOptions {
  std::string topic;
  std::optional<std::int32_t> partition;
  std::optional<std::string> key;            // Of every record.
  std::optional<std::string> key_delimiter;  // Splits each record into key and value.
  std::vector<std::string> headers;          // KEY=VALUE.
  std::string delimiter = "\n";
  std::string format;  // Not empty: records are written in this format.
  bool json = false;   // A JSON record a line.
  bool whole_file = false;
  bool null_empty = false;     // An empty key or value is null.
  bool allow_partial = false;  // A pipe's last record may lack its delimiter.
  bool tee = false;            // Values go to stdout too.
  bool keep_going = false;     // A refused record does not end it.
  std::optional<std::int64_t> expect_offset;
  double rate = 0;  // Records a second; 0: no limit.
};

// Cuts inputs into records and sends them. Thread: its owner; sent_count from any.
class Publication {
 public:
  // Borrows all of them. INVALID_ARGUMENT: a header or the format can't be read.
  static abi0::Result<std::unique_ptr<Publication>> Make(const PublicationOptions& options,
                                                         abi0::Producer& producer,
                                                         Verdicts& verdicts);

  // Sends the records of one input. Not ok: the input can't be read or is not what the options
  // say, or the producer takes no more; what came before was sent. Ends early, ok, when interrupted
  // or after a refusal (unless keep_going).
  abi0::Status Publish(RecordSource& source);

  std::uint64_t sent_count() const { return sent_.load(std::memory_order_relaxed); }
  std::uint64_t sent_bytes() const { return bytes_; }
  // Publish was not ok because the producer refused a record,
  bool refused() const { return refused_; }
  // or for a record that has its verdict.
  bool counted() const { return counted_; }

 private:
  Publication(const PublicationOptions& options, abi0::Producer& producer, Verdicts& verdicts,
              abi0::Sender sender)
      : options_(options),
        producer_(producer),
        verdicts_(verdicts),
        sender_(sender),
        throttle_(options.rate) {}

  bool Stop() const;
  // Each takes records off the front of `bytes` and answers how many bytes it took.
  abi0::Result<std::size_t> Take(const RecordSource& source, std::string_view bytes, bool last);
  abi0::Result<std::size_t> TakeDelimited(const RecordSource& source, std::string_view bytes,
                                          bool last);
  abi0::Result<std::size_t> TakeFormatted(const RecordSource& source, std::string_view bytes,
                                          bool last);
  abi0::Error EndsInsideRecord(const RecordSource& source, std::size_t left_bytes) const;

  abi0::Status SendText(std::string_view text);
  abi0::Status SendRead(const ReadRecord& record);
  abi0::Status Send(abi0::RecordRef& record, std::optional<std::int32_t> partition);
  abi0::Status SendExpecting(const abi0::RecordRef& record);
  abi0::Status SendLarge(const abi0::RecordRef& record, std::optional<std::int32_t> partition);
  // "stdin, line 3"; the place of the record at hand.
  std::string Place() const;
  abi0::Error At(const abi0::Error& error) const;
  abi0::Record OwnedRecord(const abi0::RecordRef& ref) const;
  // Not ok only if the publication must end. Refused: by the producer or the broker.
  abi0::Status Refused(const abi0::Error& error);
  abi0::Status Unreadable(const abi0::Error& error);
  abi0::Result<abi0::Sender*> SenderOf(std::optional<std::int32_t> partition);

  const PublicationOptions& options_;
  abi0::Producer& producer_;
  Verdicts& verdicts_;
  abi0::Sender sender_;
  Throttle throttle_;
  std::vector<abi0::HeaderView> headers_;
  std::optional<FormatReader> format_;
  std::map<std::int32_t, abi0::Sender> by_partition_;
  std::atomic<std::uint64_t> sent_{0};
  std::uint64_t bytes_ = 0;
  std::string source_;              // The input at hand,
  std::uint64_t record_count_ = 0;  // and its records so far.
  bool refused_ = false;
  bool counted_ = false;
};

}  // namespace qalam::cli
