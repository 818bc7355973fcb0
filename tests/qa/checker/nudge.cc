#include "tests/qa/checker/nudge.h"

#include <vector>

#include "tests/qa/checker/spoiler_places.h"

namespace qalam::qa {
namespace {

using Numbers = std::vector<std::int64_t*>;

void Add(Numbers& numbers, Found& found) {
  for (std::int64_t* number : {&found.offset, &found.epoch, &found.append_ms}) {
    numbers.push_back(number);
  }
}

// The numbers of one random event of one kind; none if there is no such event.
Numbers PickNumbers(Places& places) {
  PartitionHistory& partition = places.partition();
  Numbers numbers;
  const auto take = [&](auto* event, auto... members) {
    if (event != nullptr) (numbers.push_back(&(event->*members)), ...);
  };
  switch (places.Below(8)) {
    case 0:
      take(places.Pick(partition.sends), &Send::t_ns);
      break;
    case 1:
      take(places.Pick(partition.outcomes), &Outcome::t_ns, &Outcome::offset, &Outcome::epoch);
      break;
    case 2:
      if (Read* const read = places.Pick(partition.reads); read != nullptr) {
        take(read, &Read::t_ns, &Read::begin_ns, &Read::high_watermark);
        Add(numbers, read->found);
      }
      break;
    case 3: {
      Watermark* const sample = places.Pick(partition.watermarks);
      take(sample, &Watermark::t_ns, &Watermark::begin_ns, &Watermark::log_start,
           &Watermark::high_watermark);
      if (sample != nullptr && sample->durable_end) numbers.push_back(&*sample->durable_end);
      break;
    }
    case 4:
      take(places.Pick(partition.leads), &Lead::t_ns, &Lead::epoch);
      break;
    case 5:
      take(places.Pick(partition.trims), &Trim::t_ns, &Trim::log_start);
      break;
    case 6:
      take(places.Pick(partition.readbacks), &Readback::t_ns, &Readback::begin_ns,
           &Readback::log_start, &Readback::log_end);
      break;
    default:
      if (Found* const found = places.PickFound(); found != nullptr) Add(numbers, *found);
  }
  return numbers;
}

}  // namespace

void Nudge(History& history, std::mt19937_64& random) {
  Places places(history, random);
  const Numbers numbers = PickNumbers(places);
  if (numbers.empty()) return;
  std::int64_t& number = *numbers[places.Below(numbers.size())];
  // Times are often milliseconds apart, so a small step makes two events meet or pass only there.
  const std::int64_t unit = number >= 1'000'000 ? 1'000'000 : 1;
  number += (static_cast<std::int64_t>(places.Below(7)) - 3) * unit;
  number = std::max<std::int64_t>(0, number);
}

}  // namespace qalam::qa
