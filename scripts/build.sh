# Sets a Debian machine up and builds a release in build/release: what ./thalweg and ./test share.
# Everything it says goes to standard error, so that the standard output stays the command's own.
# shellcheck shell=bash

root="$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)"
build_dir="$root/build/release"
build_stamp="$build_dir/.built"  # as old as the sources of the programs that lie there

say() { printf 'thalweg: %s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

# True where a source is younger than the programs. One find, so that a built tree costs a few milliseconds.
programs_are_stale() {
  [[ ! -e "$build_stamp" ]] ||
    [[ -n "$(find "$root"/{src,include,apps,cmake,CMakeLists.txt} -newer "$build_stamp" -print -quit)" ]]
}

# missing_packages PURPOSE...: those of scripts/packages.txt that are not installed.
missing_packages() {
  local purpose package
  while read -r purpose package; do
    [[ " $* " == *" $purpose "* ]] || continue
    [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] ||
      printf '%s ' "$package"
  done <"$root/scripts/packages.txt"
}

install_packages() {
  command -v apt-get >/dev/null || return 0  # not a Debian: CMake says what it cannot find
  local missing as_root=()
  missing="$(missing_packages "$@")"
  [[ -n "$missing" ]] || return 0
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      give_up "needs packages that only root can install, and there is no sudo; as root: apt-get install $missing"
    as_root=(sudo)
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get --option DPkg::Lock::Timeout=600)
  say "installs the packages: $missing"
  "${as_root[@]}" update >&2 || give_up "apt-get update failed; see above."
  # shellcheck disable=SC2086  # one word a package
  "${as_root[@]}" install --yes --no-install-recommends $missing >&2 ||
    give_up "apt-get could not install: $missing"
}

# As many as there are processors, and as 1.5 GB for each compiler allows.
jobs_that_fit() {
  local kilobytes limit jobs processors
  kilobytes="$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)"
  limit="$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)"
  [[ "$limit" == max ]] || kilobytes=$((limit / 1024 < kilobytes ? limit / 1024 : kilobytes))
  jobs=$((kilobytes / 1500000))
  processors="$(nproc)"
  ((jobs <= processors)) || jobs=$processors
  echo $((jobs >= 1 ? jobs : 1))
}

# configure SETTING...: sets the build up, with -D settings of CMake's.
configure() {
  cmake -S "$root" -B "$build_dir" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" >&2 ||
    give_up "the build could not be configured; see above."
}

# compile TARGET...: builds, and remembers how old the sources were.
compile() {
  touch "$build_dir/.building"
  cmake --build "$build_dir" --parallel "$(jobs_that_fit)" --target "$@" >&2 ||
    give_up "the build failed; see above."
  mv "$build_dir/.building" "$build_stamp"
}

# alone COMMAND...: runs a function of this file while no other shell does.
alone() {
  mkdir -p "$root/build" || give_up "cannot write in $root."
  (
    flock --nonblock 9 || { say "waits for another build of this tree."; flock 9; }
    "$@" 9>&-
  ) 9>"$root/build/.lock"
}
