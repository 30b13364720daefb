// SPDX-License-Identifier: Apache-2.0
#include "diagnosis.hpp"

#include <cstring>

#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

namespace cullet::sandbox {

namespace {

/// A sysctl's value, or "" where this kernel doesn't have it.
std::string sysctl(const char* path) {
  try {
    return std::string(trim(read_file(path, 256)));
  } catch (const Error&) {
    return "";
  }
}

constexpr const char* kContainerHint =
    "in a container, start it with --security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined and an unmasked /proc (docker: --security-opt systempaths=unconfined, "
    "podman: --security-opt unmask=ALL)";

void add_namespace_hints(Error& error) {
  bool known = false;
  if (sysctl("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    error.hint("run as root: sysctl kernel.unprivileged_userns_clone=1");
    known = true;
  }
  if (sysctl("/proc/sys/user/max_user_namespaces") == "0") {
    error.hint("run as root: sysctl user.max_user_namespaces=10000");
    known = true;
  }
  if (const auto restricted = sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
      !restricted.empty() && restricted != "0") {
    error.hint(
        "give cullet an AppArmor profile that allows userns, or run as root: sysctl "
        "kernel.apparmor_restrict_unprivileged_userns=0");
    known = true;
  }
  if (!known)
    error.hint(kContainerHint);
}

Error overlay_error(int error_number, const Mount& mount) {
  if (error_number == E2BIG)
    return Error(Kind::input, cat("too many trees lie over each other at ", mount.at))
        .hint("a recipe can need some 150 components at once");
  auto error =
      Error(Kind::machine,
            cat("cannot mount an overlay at ", mount.at, ": ", std::strerror(error_number)));
  if (error_number == ENODEV) {
    error.hint("this kernel has no overlayfs: load the module `overlay`");
  } else if (error_number == EPERM || error_number == EACCES) {
    error.hint("overlayfs in a user namespace needs Linux 5.11 or newer");
    add_namespace_hints(error);
  } else if (!mount.upper.empty()) {
    error.hint(cat("the file system of ",
                   mount.upper.string(),
                   " may not carry overlays (NFS, eCryptfs, another overlay do not): put the store "
                   "elsewhere with --store"));
  }
  return error;
}

}  // namespace

Error stage_error(const Stage::Failure& failure, const Spec& spec) {
  const int error_number = failure.error;
  const std::string reason = std::strerror(error_number);
  switch (failure.part) {
    case Stage::Part::overlay:
      return overlay_error(error_number, spec.mounts.at(failure.mount));
    case Stage::Part::tree:
      return system_error(cat("cannot open a tree for ", spec.mounts.at(failure.mount).at),
                          error_number)
          .hint("run `cullet store check --repair`, then build again");
    case Stage::Part::bind:
      return system_error(cat("cannot bind ", spec.mounts.at(failure.mount).at), error_number);
    case Stage::Part::devices:
      return system_error("cannot make the sandbox's devices read-only", error_number)
          .hint("this needs Linux 5.12 or newer and a /dev that may be bound");
    case Stage::Part::limits:
      return system_error("cannot set the limits of a step", error_number);
    default:
      break;
  }
  auto error = Error(Kind::machine,
                     cat("this machine doesn't allow what isolates a step: ",
                         failure.part == Stage::Part::user_namespace ? "a user namespace: "
                         : failure.part == Stage::Part::id_map       ? "mapping a user: "
                                                               : "mounting in a user namespace: ",
                         reason));
  add_namespace_hints(error);
  return error;
}

Error bwrap_error(const std::string& output) {
  auto text = std::string(trim(output));
  auto error = Error(Kind::machine,
                     cat("the sandbox could not be set up: ",
                         text.empty() ? "bwrap said nothing" : printable(text)));
  if (text.find("No permissions") != std::string::npos ||
      text.find("not permitted") != std::string::npos ||
      text.find("Permission denied") != std::string::npos)
    add_namespace_hints(error);
  if (text.find("Unknown option") != std::string::npos)
    error.hint("bubblewrap 0.8 or newer is needed");
  return error;
}

}  // namespace cullet::sandbox
