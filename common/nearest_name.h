#pragma once

#include <span>
#include <string>
#include <string_view>

namespace qalam {

// The candidate that `wanted` was most likely meant to be (fewest edits, swaps of neighbours
// counting one); empty when none is near. Cost: their lengths multiplied. Thread: any.
std::string_view NearestName(std::string_view wanted, std::span<const std::string_view> candidates);

}  // namespace qalam
