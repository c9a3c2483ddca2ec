#pragma once

#include "thalweg/run/folder.hpp"

namespace thalweg::report {

/// Writes the run's report.html, whole or not at all: the page of the command that made the run.
/// @throws BadInput   a run of a command that has no page, or a file of it that cannot be read
/// @throws RunFailed  if the page cannot be written
void write_report(const run::RunFolder& folder);

}  // namespace thalweg::report
