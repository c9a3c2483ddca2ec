#pragma once

#include "report/run_data.hpp"
#include "thalweg/report/headline.hpp"

namespace thalweg::report {

/// The headline of a run of each command, from its summary alone; warnings are added by headline().
Headline exponent_headline(const Facts& facts);
Headline flow_headline(const Facts& facts);
Headline recover_headline(const Facts& facts);
Headline spectrum_headline(const Facts& facts);
Headline tensorpca_headline(const Facts& facts);

}  // namespace thalweg::report
