#pragma once

#include <memory>
#include <string>

#include "thalweg/estimation/estimator.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/estimation/race.hpp"
#include "thalweg/index/estimators.hpp"

namespace thalweg::index {

/// The reduced chain in a race: overlaps of online SGD, plain or smoothed, with batches of one,
/// from overlap d^{-1/2}, without a single row being drawn.
///
/// Its law is that of the vectors, so that it goes where they cannot: a step costs the same in any
/// dimension. A chain ends when its squared overlap reaches 1/2 and stands still from there.
/// Learning rate and radius are those of the estimators with the student h_k; the response is
/// centred and divided by its deviation. Up to 16 problems advance side by side, and are then
/// numbered under the first one's key.
///
/// @param name    one of kChainNames, named after its estimator
/// @param target  one direction with its link; label_transform is applied
/// @throws InvalidArgument  a link in several variables, or another name
estimation::Racer chain_racer(const std::string& name,
                              const estimation::Target& target,
                              estimation::Noise noise,
                              const MethodOptions& options = {});

}  // namespace thalweg::index
