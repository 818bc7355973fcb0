#pragma once

#include <qalam/story.h>

#include <nlohmann/json_fwd.hpp>

namespace qalam::cli {

// What a broker tells of its writers' decisions, for people and for programs. Thread: main.
void PrintStory(const abi0::RecordStory& story);  // The sentences, and where the time went.
nlohmann::ordered_json StoryJson(const abi0::RecordStory& story);

void PrintRefusals(const abi0::RefusalList& list);
nlohmann::ordered_json RefusalJson(const abi0::Refusal& refusal);

}  // namespace qalam::cli
