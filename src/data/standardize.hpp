#pragma once

#include <string>

#include "thalweg/base/ndarray.hpp"
#include "thalweg/data/dataset.hpp"

namespace thalweg::data {

/// Subtracts the mean of each channel and divides by its standard deviation, in place.
///
/// A channel is axis 1: the pixels of one colour over all images (n, c, h, w), a column of a table
/// (n, c). Two passes summed in double; the deviation is that of the population (divisor n). A
/// channel of one value everywhere becomes exactly zero.
///
/// @param inputs  float32 or float64, rank >= 2, finite; changed in place
/// @param name    of the data, for the error message
/// @return what was subtracted and divided by
/// @throws BadInput  a channel whose variance overflows (which)
ChannelStatistics standardize(NdArray& inputs, const std::string& name);

/// The same by statistics of other inputs of as many channels, in place.
void standardize_by(NdArray& inputs, const ChannelStatistics& statistics);

}  // namespace thalweg::data
