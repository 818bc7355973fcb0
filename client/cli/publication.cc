#include "client/cli/publication.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>

#include "client/cli/interrupt.h"
#include "client/cli/record_json.h"
#include "client/cli/usage.h"

namespace qalam::cli {
namespace {

// Where `delimiter` begins in `bytes`, from `at` on; npos if it does not.
std::size_t Find(std::string_view bytes, std::size_t at, std::string_view delimiter) {
  const void* const found =
      delimiter.size() == 1
          ? std::memchr(bytes.data() + at, delimiter[0], bytes.size() - at)
          : ::memmem(bytes.data() + at, bytes.size() - at, delimiter.data(), delimiter.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
}

std::size_t SizeOf(const std::optional<std::string_view>& bytes) {
  return bytes ? bytes->size() : 0;
}

std::optional<std::string> Owned(const std::optional<std::string_view>& bytes) {
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

constexpr std::string_view kJsonDelimiter = "\n";
constexpr std::size_t kLargeBytes = std::size_t{256} << 10;

bool IsTooLarge(const abi0::Error& error) {
  return error.Is("BATCH_TOO_LARGE") || error.Is("MESSAGE_TOO_LARGE");
}

abi0::Error WithPrefix(const std::string& place, const abi0::Error& error) {
  std::map<std::string, std::string> details = error.details();
  details.emplace("input", place);
  return abi0::Error(error.code(), place + ": " + error.message(), error.retriable(), error.hint(),
                     std::move(details), error.broker());
}

}  // namespace

abi0::Result<std::unique_ptr<Publication>> Publication::Make(const PublicationOptions& options,
                                                             abi0::Producer& producer,
                                                             Verdicts& verdicts) {
  auto sender = producer.SenderFor(options.topic, options.partition);
  if (!sender.ok()) return sender.error();
  std::unique_ptr<Publication> publication(new Publication(options, producer, verdicts, *sender));
  for (const std::string& header : options.headers) {
    const std::size_t equals = header.find('=');
    if (equals == std::string::npos || equals == 0)
      return BadUsage("-H " + header + ": headers are written KEY=VALUE");
    const std::string_view text = header;
    publication->headers_.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  if (!options.format.empty()) {
    const auto format = FormatString::Parse(options.format);
    if (!format.ok()) return format.error();
    auto reader = FormatReader::Make(*format);
    if (!reader.ok()) return reader.error();
    publication->format_.emplace(std::move(*reader));
  }
  return publication;
}

abi0::Status Publication::Publish(RecordSource& source) {
  source_ = source.name();
  record_count_ = 0;
  const auto status =
      source.ForEach([&](std::string_view bytes, bool last) { return Take(source, bytes, last); },
                     [this] { return Stop(); });
  // The record that never ended is the one behind the last.
  if (!status.ok() && status.error().Is("BATCH_TOO_LARGE") && !refused_ && !counted_) {
    ++record_count_;
    return At(status.error());
  }
  if (status.ok() && options_.whole_file && source.bytes_read() == 0 && !Stop())
    return SendText("");
  return status;
}

bool Publication::Stop() const {
  return Interrupted() || (!options_.keep_going && verdicts_.failed());
}

abi0::Result<std::size_t> Publication::Take(const RecordSource& source, std::string_view bytes,
                                            bool last) {
  if (format_) return TakeFormatted(source, bytes, last);
  if (!options_.whole_file) return TakeDelimited(source, bytes, last);
  if (!last) return std::size_t{0};
  if (const auto status = SendText(bytes); !status.ok()) return status.error();
  return bytes.size();
}

abi0::Result<std::size_t> Publication::TakeDelimited(const RecordSource& source,
                                                     std::string_view bytes, bool last) {
  const std::string_view delimiter = options_.json ? kJsonDelimiter : options_.delimiter;
  std::size_t at = 0;
  while (at < bytes.size() && !Stop()) {
    std::size_t end = Find(bytes, at, delimiter);
    std::size_t next = end + delimiter.size();
    if (end == std::string_view::npos) {
      if (!last) break;  // The rest of this record is still to come.
      // Whoever wrote into a pipe may have died in the middle of it; a JSON record shows that
      // itself.
      if (source.is_pipe() && !options_.json && !options_.allow_partial)
        return EndsInsideRecord(source, bytes.size() - at);
      next = end = bytes.size();
    }
    const std::string_view text = bytes.substr(at, end - at);
    at = next;
    ++record_count_;
    if (!options_.json) {
      if (const auto status = SendText(text); !status.ok()) return status.error();
      continue;
    }
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto record = ParseJsonRecord(text);
    const auto status = record.ok() ? SendRead(*record) : Unreadable(At(record.error()));
    if (!status.ok()) return status.error();
  }
  return at;
}

abi0::Result<std::size_t> Publication::TakeFormatted(const RecordSource& source,
                                                     std::string_view bytes, bool last) {
  std::string_view rest = bytes;
  while (!rest.empty() && !Stop()) {
    const auto record = format_->Next(rest);
    if (!record.ok()) return record.error();
    if (!*record) {
      if (last) return EndsInsideRecord(source, rest.size());
      break;
    }
    ++record_count_;
    if (const auto status = SendRead(**record); !status.ok()) return status.error();
  }
  return bytes.size() - rest.size();
}

abi0::Error Publication::EndsInsideRecord(const RecordSource& source,
                                          std::size_t left_bytes) const {
  return abi0::Error(
      "INVALID_ARGUMENT",
      fmt::format("{} ends inside a record: its last {} bytes have no delimiter behind them and "
                  "were not sent",
                  source.name(), left_bytes),
      false,
      "Look why the writer stopped. If this is a whole record, end it with the delimiter or say "
      "--allow-partial.",
      {{"input", source.name()}, {"bytes", std::to_string(left_bytes)}}, "");
}

abi0::Status Publication::SendText(std::string_view text) {
  abi0::RecordRef record;
  if (options_.key) record.key = *options_.key;
  record.value = text;
  if (options_.key_delimiter) {
    const std::size_t split = text.find(*options_.key_delimiter);
    if (split != std::string_view::npos) {
      record.key = text.substr(0, split);
      record.value = text.substr(split + options_.key_delimiter->size());
    }
  }
  return Send(record, std::nullopt);
}

abi0::Status Publication::SendRead(const ReadRecord& read) {
  abi0::RecordRef record;
  if (read.key)
    record.key = *read.key;
  else if (options_.key)
    record.key = *options_.key;
  if (read.value) record.value = *read.value;
  record.timestamp_ms = read.timestamp_ms.value_or(-1);
  std::vector<abi0::HeaderView> headers;
  for (const abi0::Header& header : read.headers) {
    headers.push_back(
        {header.key, header.value ? std::optional<std::string_view>(*header.value) : std::nullopt});
  }
  record.headers = headers.data();
  record.headers_count = headers.size();
  return Send(record, read.partition);
}

abi0::Status Publication::Send(abi0::RecordRef& record, std::optional<std::int32_t> partition) {
  if (options_.null_empty) {
    if (record.key && record.key->empty()) record.key.reset();
    if (record.value && record.value->empty()) record.value.reset();
  }
  if (record.headers_count == 0) {
    record.headers = headers_.data();
    record.headers_count = headers_.size();
  }
  if (!throttle_.Wait([this] { return Stop(); })) return {};
  if (options_.expect_offset) {
    if (const auto status = SendExpecting(record); !status.ok()) return status;
  } else {
    const auto sender = SenderOf(partition);
    if (!sender.ok()) return Refused(sender.error());
    const bool large = SizeOf(record.key) + SizeOf(record.value) >= kLargeBytes;
    const auto status = large ? SendLarge(record, partition) : (*sender)->Send(record);
    if (!status.ok())
      return Refused(IsTooLarge(status.error()) ? At(status.error()) : status.error());
  }
  sent_.fetch_add(1, std::memory_order_relaxed);
  bytes_ += SizeOf(record.key) + SizeOf(record.value);
  if (options_.tee && record.value) {
    std::fwrite(record.value->data(), 1, record.value->size(), stdout);
    std::fputc('\n', stdout);
  }
  return {};
}

// A record that may be larger than the topic allows: its refusal is to name its place.
abi0::Status Publication::SendLarge(const abi0::RecordRef& ref,
                                    std::optional<std::int32_t> partition) {
  abi0::Record record = OwnedRecord(ref);
  if (partition) record.partition = partition;
  return producer_.Send(std::move(record), [&verdicts = verdicts_,
                                            place = Place()](const abi0::DeliveryReport& report) {
    if (!report.ok() && IsTooLarge(report.error()))
      verdicts.Explain(WithPrefix(place, report.error()));
  });
}

abi0::Record Publication::OwnedRecord(const abi0::RecordRef& ref) const {
  abi0::Record record(options_.topic, Owned(ref.key), Owned(ref.value));
  for (std::size_t i = 0; i < ref.headers_count; ++i)
    record.headers.Add(std::string(ref.headers[i].key), Owned(ref.headers[i].value));
  record.partition = options_.partition;
  if (ref.timestamp_ms >= 0) record.timestamp_ms = ref.timestamp_ms;
  return record;
}

// Conditional appends go one by one: each names the offset that the one before made.
abi0::Status Publication::SendExpecting(const abi0::RecordRef& ref) {
  abi0::Record record = OwnedRecord(ref);
  record.expected_offset = *options_.expect_offset + static_cast<std::int64_t>(sent_count());
  const auto report = producer_.Send(std::move(record)).Get();
  if (report.ok()) return {};
  counted_ = true;
  return IsTooLarge(report.error()) ? At(report.error()) : report.error();
}

std::string Publication::Place() const {
  if (options_.whole_file) return source_;
  const bool lines = !format_ && (options_.json || options_.delimiter == "\n");
  return fmt::format("{}, {} {}", source_, lines ? "line" : "record", record_count_);
}

abi0::Error Publication::At(const abi0::Error& error) const { return WithPrefix(Place(), error); }

abi0::Status Publication::Refused(const abi0::Error& error) {
  refused_ = !options_.keep_going;
  return Unreadable(error);
}

abi0::Status Publication::Unreadable(const abi0::Error& error) {
  if (!options_.keep_going) return error;
  verdicts_.Refuse(error);
  return {};
}

abi0::Result<abi0::Sender*> Publication::SenderOf(std::optional<std::int32_t> partition) {
  if (!partition || partition == options_.partition) return &sender_;
  auto found = by_partition_.find(*partition);
  if (found == by_partition_.end()) {
    const auto made = producer_.SenderFor(options_.topic, *partition);
    if (!made.ok()) return made.error();
    found = by_partition_.emplace(*partition, *made).first;
  }
  return &found->second;
}

}  // namespace qalam::cli
