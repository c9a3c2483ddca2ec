#pragma once

#include <stdexcept>
#include <string>

namespace thalweg {

/// What the `thalweg` program returns to the shell.
enum class ExitCode {
  kDone = 0,
  kRunFailed = 1,     ///< the run itself failed: divergence, full disk, lost process
  kBadInput = 2,      ///< wrong use or bad input
  kClaimFailed = 3,   ///< a checked claim did not hold
  kInterrupted = 130  ///< stopped by the user, saved
};

/// Base of every exception the library throws on purpose. `what()` is one sentence (or two) that
/// says where, what was expected, what came and what to do about it.
class Error : public std::runtime_error {
 public:
  /// @param where  the function, option or file the message speaks of; printed in brackets before
  /// it
  Error(const std::string& where, const std::string& message)
      : std::runtime_error("[" + where + "] " + message) {}
  virtual ExitCode exit_code() const = 0;
};

/// A call or an option that cannot mean anything: wrong shape, value out of range, unknown name.
class InvalidArgument : public Error {
 public:
  using Error::Error;
  ExitCode exit_code() const override { return ExitCode::kBadInput; }
};

/// A file or table the user gave that cannot be used. `where` names the file and the place in it.
class BadInput : public Error {
 public:
  using Error::Error;
  ExitCode exit_code() const override { return ExitCode::kBadInput; }
};

/// A number became NaN or infinite where only finite ones make sense.
class NonFinite : public Error {
 public:
  using Error::Error;
  ExitCode exit_code() const override { return ExitCode::kRunFailed; }
};

/// The world got in the way of a correct run: a full disk, a lost process, exhausted memory.
class RunFailed : public Error {
 public:
  using Error::Error;
  ExitCode exit_code() const override { return ExitCode::kRunFailed; }
};

/// A broken invariant of our own. The message prints the numbers and says that it is a bug.
class InternalError : public Error {
 public:
  InternalError(const std::string& where, const std::string& message)
      : Error(where, "Thalweg bug: " + message + " Please report it with this line.") {}
  ExitCode exit_code() const override { return ExitCode::kRunFailed; }
};

}  // namespace thalweg
