#pragma once

// Ownership and errors for the C interface of HDF5.

#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include <hdf5.h>

namespace thalweg::run::hdf5 {

/// A call of HDF5 failed; the text is the library's own innermost reason.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The innermost entry of HDF5's error stack, "truncated file: eof = 96, ...".
inline std::string reason() {
  std::string text;
  const auto keep_innermost = [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
    if (depth == 0 && error->desc) *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &text);
  return text.empty() ? "no reason given" : text;
}

/// Passes a result on, or throws: HDF5 marks failure by a negative number.
template <typename T>
T check(T result) {
  if (result < 0) throw Failure(reason());
  return result;
}

/// Owns one identifier. Every kind of object has its own function to close it.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(check(id)), close_(close) {}
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor): used as the C type

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// While alive, this thread alone uses HDF5 (Debian's build has no locks) and HDF5 prints nothing.
class Session {
 public:
  Session() : lock_(mutex()) {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Session() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex instance;
    return instance;
  }

  std::lock_guard<std::mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace thalweg::run::hdf5
