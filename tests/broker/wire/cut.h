#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace qalam {

// `message` as slices of so many bytes each; the last takes what is left.
inline std::vector<SharedSlice> Cut(std::string_view message,
                                    const std::vector<std::size_t>& sizes) {
  std::vector<SharedSlice> slices;
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    slices.push_back(SharedSlice::Copy(AsBytes(message.substr(at, size))));
    at = std::min(at + size, message.size());
  }
  slices.push_back(SharedSlice::Copy(AsBytes(message.substr(at))));
  return slices;
}

}  // namespace qalam
