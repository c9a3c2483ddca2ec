#pragma once

namespace thalweg::data {

/// Which part of a source a reader returns.
enum class Split { kTrain, kTest };

}  // namespace thalweg::data
