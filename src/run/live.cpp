#include "thalweg/run/live.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "thalweg/base/error.hpp"

namespace thalweg::run {
namespace {

constexpr const char* kMarked = "log.txt";

/// The whole file. The lock belongs to what was opened, not to the process: closing the log
/// elsewhere in the program does not drop it.
struct flock whole_file(short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

LiveMark::LiveMark(const std::filesystem::path& run)
    : descriptor_(open((run / kMarked).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) return;  // the log itself will say why
  struct flock lock = whole_file(F_WRLCK);
  if (fcntl(descriptor_, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES)) return;
  close(descriptor_);
  throw BadInput(run.string(),
                 "is going on in another process. Wait for its end, or stop it with Ctrl-C there.");
}

LiveMark::~LiveMark() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool is_live(const std::filesystem::path& run) {
  const int descriptor = open((run / kMarked).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct flock lock = whole_file(F_RDLCK);
  const bool asked = fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
  close(descriptor);
  return asked && lock.l_type == F_WRLCK;
}

}  // namespace thalweg::run
