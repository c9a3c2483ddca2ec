#include "browser.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "thalweg/base/log.hpp"

namespace thalweg::app {
namespace {

bool has_desktop() {
  return isatty(STDOUT_FILENO) == 1 && (std::getenv("DISPLAY") || std::getenv("WAYLAND_DISPLAY"));
}

/// Hands the page to the desktop's opener. False where there is none.
bool open_in_browser(const std::filesystem::path& page) {
  const pid_t child = fork();
  if (child == 0) {
    execlp("xdg-open", "xdg-open", page.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

void add_open_setting(run::Settings& settings, std::string& open) {
  settings.add({.name = "open",
                .target = &open,
                .help = "show the page in a browser; auto = where there is a desktop",
                .metavar = "WHEN",
                .choices = {"auto", "yes", "no"}});
}

void present_page(const std::filesystem::path& page, const std::string& open) {
  fmt::print("{}\n", page.string());
  const bool wanted = open == "yes" || (open == "auto" && has_desktop());
  if (wanted && !open_in_browser(page)) {
    log_warning("No browser could be started; open the page by hand.");
  }
}

}  // namespace thalweg::app
