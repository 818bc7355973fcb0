#include "client/cli/top_view.h"

#include <algorithm>
#include <tuple>

namespace qalam::cli {
namespace {

// What the figures are compared by; the greatest comes first.
double FigureOf(const PartitionRates& partition, TopSort sort) {
  switch (sort) {
    case TopSort::kRecords:
      return partition.records_in;
    case TopSort::kBytesIn:
      return partition.bytes_in;
    case TopSort::kBytesOut:
      return partition.bytes_out;
    case TopSort::kSize:
      return static_cast<double>(partition.now.size_bytes);
    case TopSort::kRefused:
      return partition.refused;
    case TopSort::kWriter:
      return -static_cast<double>(partition.now.writer_thread);
    case TopSort::kEpoch:
      return static_cast<double>(partition.now.leader_epoch);
    case TopSort::kHigh:
      return static_cast<double>(partition.now.high_watermark);
    case TopSort::kName:
      break;
  }
  return 0;
}

bool IsText(std::string_view key) { return key.size() == 1 && key[0] >= ' ' && key[0] < '\x7f'; }

}  // namespace

const std::vector<TopSortName>& TopSorts() {
  static const std::vector<TopSortName> sorts = {
      {TopSort::kName, 'n', "name"},     {TopSort::kRecords, 'r', "records"},
      {TopSort::kBytesIn, 'b', "bytes"}, {TopSort::kBytesOut, 'o', "out"},
      {TopSort::kSize, 's', "size"},     {TopSort::kRefused, 'x', "refused"},
      {TopSort::kWriter, 'w', "writer"}, {TopSort::kEpoch, 'e', "epoch"},
      {TopSort::kHigh, 'h', "high"}};
  return sorts;
}

std::optional<TopSort> ParseTopSort(const std::string& name) {
  for (const TopSortName& each : TopSorts()) {
    if (name == each.name || name == std::string(1, each.key)) return each.sort;
  }
  return std::nullopt;
}

TopView::Outcome TopView::OnKey(std::string_view key, std::size_t page) {
  if (editing) {
    if (key == "\r" || key == "\n") {
      editing = false;
    } else if (key == "\x1b") {
      editing = false;
      filter.clear();
    } else if (key == "\x7f" || key == "\b") {
      if (!filter.empty()) filter.pop_back();
    } else if (IsText(key)) {
      filter += key;
    } else {
      return Outcome::kNothing;
    }
    first = 0;
    return Outcome::kChanged;
  }
  if (key == "q" || key == "Q" || key == "\x03") return Outcome::kQuit;
  if (key == "/") {
    editing = true;
  } else if (key == " " || key == "p") {
    paused = !paused;
  } else if (key == "\x1b[A" || key == "k") {
    if (first > 0) --first;
  } else if (key == "\x1b[B" || key == "j") {
    ++first;
  } else if (key == "\x1b[5~") {
    first -= std::min(first, page);
  } else if (key == "\x1b[6~") {
    first += page;
  } else if (key == "\x1b[H" || key == "\x1b[1~" || key == "g") {
    first = 0;
  } else if (const auto chosen = key.size() == 1 ? ParseTopSort(std::string(key)) : std::nullopt) {
    reversed = *chosen == sort && !reversed;
    sort = *chosen;
    first = 0;
  } else {
    return Outcome::kNothing;
  }
  return Outcome::kChanged;
}

std::vector<const PartitionRates*> TopView::Select(
    const std::vector<PartitionRates>& partitions) const {
  std::vector<const PartitionRates*> chosen;
  for (const PartitionRates& partition : partitions) {
    if (partition.now.topic.find(filter) != std::string::npos) chosen.push_back(&partition);
  }
  const auto before = [this](const PartitionRates* a, const PartitionRates* b) {
    const double figure_a = FigureOf(*a, sort);
    const double figure_b = FigureOf(*b, sort);
    if (figure_a != figure_b) return reversed ? figure_a < figure_b : figure_a > figure_b;
    const bool by_name =
        std::tie(a->now.topic, a->now.partition) < std::tie(b->now.topic, b->now.partition);
    return sort == TopSort::kName && reversed ? !by_name && a != b : by_name;
  };
  std::sort(chosen.begin(), chosen.end(), before);
  return chosen;
}

}  // namespace qalam::cli
