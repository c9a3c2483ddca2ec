#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "report/run_data.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {

/// The line above a page's title: "thalweg flow · my-run".
std::string eyebrow(const RunData& run);

/// "done", or what became of a run without a summary.
std::string status_text(const RunData& run);

/// A fact for the head of a page: its name for readers and its path below `results`.
using NamedFact = std::pair<const char*, const char*>;

/// The head's list: model, data and loss, those of further facts that the run has, and its status.
void add_metadata(Page& page, const RunData& run, std::initializer_list<NamedFact> further);

/// What the run itself distrusts, and what it advises.
void add_warnings(Page& page, const RunData& run);

/// The end of a page: how to run it again, from which version and seed it is, and how to open the
/// numbers. @param source  reference of the method, rich text
void add_ending(Page& page, const RunData& run, const std::string& source);

}  // namespace thalweg::report
