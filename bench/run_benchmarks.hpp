#pragma once

#include <functional>

/// What the main of every benchmark does: starts itself again under the environment that `thalweg`
/// gives its programs, because OpenBLAS and OpenMP read it when they load, and sets the threads
/// (THALWEG_THREADS, default: all).
int run_benchmarks(int argc, char** argv, const std::function<void(int)>& use_threads);
