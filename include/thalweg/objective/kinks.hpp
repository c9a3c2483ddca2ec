#pragma once

#include <functional>
#include <string>

namespace thalweg::objective {

/// The first operator that `work` calls on this thread and that has kinks in its values or in its
/// first two derivatives ("relu", "max_pool2d", "elu"), without a name space; "" if there is none.
/// Third derivatives miss what such operators do.
std::string kink_operator(const std::function<void()>& work);

}  // namespace thalweg::objective
