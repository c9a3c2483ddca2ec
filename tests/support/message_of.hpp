#pragma once

#include <string>

namespace thalweg::testing {

/// The message of the exception `E` that `f` throws; "" if it throws none.
template <typename E, typename F>
std::string message_of(F f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "";
}

}  // namespace thalweg::testing
