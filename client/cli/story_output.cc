#include "client/cli/story_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/cli/output.h"
#include "client/cli/text.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kBarWidth = 50;

struct Step {
  const char* name;
  std::int64_t ns;
};

std::string Micros(std::int64_t ns) {
  return fmt::format("{:.1f} us", static_cast<double>(ns) / 1000);
}

// One step below the other, each where it lies in the whole; last what lies between them, if it is
// worth a word (a processor that others had).
void PrintTimeline(const abi0::RecordStory& story) {
  if (!story.group || story.total_ns <= 0) return;
  std::vector<Step> steps = {{"check", story.check_ns},
                             {"wait", story.queue_ns},
                             {"write", story.group->write_ns},
                             {"sync", story.group->sync_ns}};
  std::int64_t rest = story.total_ns;
  for (const Step& step : steps) rest -= std::clamp<std::int64_t>(step.ns, 0, rest);
  if (rest > story.total_ns / 20) steps.push_back({"rest", rest});
  std::printf("\n");
  std::int64_t at = 0;
  const auto column = [&story](std::int64_t ns) {
    const auto part = static_cast<double>(std::clamp<std::int64_t>(ns, 0, story.total_ns)) /
                      static_cast<double>(story.total_ns);
    return static_cast<std::size_t>(part * kBarWidth);
  };
  for (const Step& step : steps) {
    if (step.ns < 0) continue;
    const std::size_t from = std::min(column(at), kBarWidth - 1);
    at += std::min(step.ns, story.total_ns);
    const std::size_t to = std::max(column(at), from + 1);
    std::string bar(from, ' ');
    bar.append(to - from, '=');
    bar.resize(kBarWidth, ' ');
    std::printf("  %-6s |%s| %12s\n", step.name, bar.c_str(), Micros(step.ns).c_str());
  }
  std::printf("  %-6s  %s  %12s\n", "all", std::string(kBarWidth, ' ').c_str(),
              Micros(story.total_ns).c_str());
}

ordered_json SenderJson(const abi0::WriteOrigin& sender) {
  return {{"client_id", sender.client_id}, {"protocol", sender.protocol}, {"peer", sender.peer}};
}

std::string Who(const abi0::WriteOrigin& sender) {
  if (sender.protocol.empty()) return "-";
  return sender.client_id.empty() ? sender.peer : sender.client_id;
}

std::string OrDash(std::int64_t number) { return number < 0 ? "-" : std::to_string(number); }

}  // namespace

void PrintStory(const abi0::RecordStory& story) {
  for (const std::string& line : story.lines) std::printf("%s\n", line.c_str());
  PrintTimeline(story);
}

ordered_json StoryJson(const abi0::RecordStory& story) {
  ordered_json group;
  if (story.group) {
    group = {{"number", story.group->number},         {"writer_thread", story.group->writer_thread},
             {"batches", story.group->batches_count}, {"bytes", story.group->size_bytes},
             {"closed", story.group->closed},         {"write_ns", story.group->write_ns},
             {"sync_ns", story.group->sync_ns}};
  }
  return {{"topic", story.topic},
          {"partition", story.partition},
          {"offset", story.offset},
          {"sender", SenderJson(story.sender)},
          {"received_ms", story.received_ms},
          {"check_ns", story.check_ns},
          {"queue_ns", story.queue_ns},
          {"total_ns", story.total_ns},
          {"base_offset", story.base_offset},
          {"last_offset", story.last_offset},
          {"leader_epoch", story.leader_epoch},
          {"bytes", story.size_bytes},
          {"producer_id", story.producer_id},
          {"producer_epoch", story.producer_epoch},
          {"base_sequence", story.base_sequence},
          {"expected_offset", story.expected_offset},
          {"duplicates", story.duplicates_count},
          {"durability", story.durability},
          {"group", std::move(group)},
          {"first_read_ns", story.first_read_ns},
          {"traceparent", story.traceparent},
          {"lines", story.lines}};
}

void PrintRefusals(const abi0::RefusalList& list) {
  if (!list.refusals.empty()) {
    std::vector<std::vector<std::string>> rows = {
        {"AT", "CODE", "CLIENT", "PRODUCER", "SEQUENCE", "EXPECTED", "LOG END", "RECORDS", "WHY"}};
    for (const abi0::Refusal& refusal : list.refusals) {
      rows.push_back({Rfc3339(refusal.at_ms), refusal.code, Who(refusal.sender),
                      OrDash(refusal.producer_id), OrDash(refusal.base_sequence),
                      OrDash(refusal.expected_offset), OrDash(refusal.log_end_offset),
                      std::to_string(refusal.records_count), refusal.message});
    }
    PrintTable(rows);
  }
  std::fprintf(stderr, "%s; all there were since %s\n",
               Counted(list.refusals.size(), "refusal").c_str(),
               Rfc3339(list.complete_since_ms).c_str());
}

ordered_json RefusalJson(const abi0::Refusal& refusal) {
  return {{"at_ms", refusal.at_ms},
          {"sender", SenderJson(refusal.sender)},
          {"code", refusal.code},
          {"message", refusal.message},
          {"producer_id", refusal.producer_id},
          {"producer_epoch", refusal.producer_epoch},
          {"base_sequence", refusal.base_sequence},
          {"expected_offset", refusal.expected_offset},
          {"log_end_offset", refusal.log_end_offset},
          {"records", refusal.records_count},
          {"bytes", refusal.size_bytes},
          {"queue_ns", refusal.queue_ns},
          {"traceparent", refusal.traceparent}};
}

}  // namespace qalam::cli
