#pragma once

#include <string>

#include "data/split.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/data/dataset.hpp"

namespace thalweg::data {

/// Whether `source` names the sorting task: "sorting" or "sorting:...".
bool names_sorting(const std::string& source);

/// Sequences to sort, see load_dataset.
///
/// @param source    "sorting" (vocabulary 4, length 8) or "sorting:VOCABULARY,LENGTH"
/// @param examples  >= 1
/// @param key       names the streams; training and test sequences have one each
/// @throws InvalidArgument  a source that is not two numbers in range; too many or no examples
Dataset draw_sorting(const std::string& source, std::int64_t examples, Key key, Split split);

}  // namespace thalweg::data
