#pragma once

#include <string>
#include <vector>

#include "broker/api/explain.h"

namespace qalam {

// The story in sentences, a line each, in the order in which things happened. Thread: any.
std::vector<std::string> StoryLines(const RecordStory& story);

}  // namespace qalam
