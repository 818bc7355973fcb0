#include "common/turn.h"

#include <algorithm>

namespace qalam {
namespace {

thread_local Turn* current_turn = nullptr;

}  // namespace

Turn::Turn() {
  if (current_turn == nullptr) current_turn = this;
}

Turn::~Turn() {
  if (current_turn != this) return;
  current_turn = nullptr;  // What the tasks cause in their turn is not put off any more.
  for (auto& [sink, tasks] : put_off_) sink->EndTurn(std::move(tasks));
}

bool Turn::PutOff(const std::shared_ptr<Sink>& sink, UniqueFunction<void()>& task) {
  if (current_turn == nullptr) return false;
  auto& all = current_turn->put_off_;
  auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& of) { return of.first == sink; });
  if (found == all.end()) found = all.insert(all.end(), {sink, Tasks()});
  found->second.push_back(std::move(task));
  return true;
}

}  // namespace qalam
