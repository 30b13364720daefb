// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include "stage.hpp"

namespace cullet::sandbox {

std::vector<std::string> bwrap_arguments(const Spec& spec, int seccomp_fd, int status_fd) {
  // Each namespace by name: --unshare-all leaves out what the machine can't give without a word.
  std::vector<std::string> out{"bwrap",
                               "--unshare-user",
                               "--unshare-ipc",
                               "--unshare-pid",
                               "--unshare-net",
                               "--unshare-uts",
                               "--unshare-cgroup",
                               "--disable-userns",
                               "--die-with-parent",
                               "--cap-drop",
                               "ALL",
                               "--clearenv"};
  const auto add = [&out](std::initializer_list<std::string> arguments) {
    out.insert(out.end(), arguments);
  };
  add({"--uid", std::to_string(spec.uid), "--gid", std::to_string(spec.gid)});
  add({"--hostname", spec.hostname});
  if (!spec.interactive)
    add({"--new-session"});
  for (std::size_t index = 0; index < spec.mounts.size(); ++index) {
    const auto& mount = spec.mounts[index];
    add({Stage::read_only(mount) ? "--ro-bind" : "--bind", Stage::path(index), mount.at});
    // /proc is read-only: in a run by the machine's root user, /proc/sys belongs to the step.
    if (index == 0)
      add({"--proc",
           "/proc",
           "--remount-ro",
           "/proc",
           "--dev",
           "/dev",
           "--perms",
           "1777",
           "--tmpfs",
           "/tmp"});
  }
  for (const auto& [name, value] : spec.environment)
    add({"--setenv", name, value});
  add({"--chdir", spec.directory});
  add({"--seccomp", std::to_string(seccomp_fd)});
  add({"--json-status-fd", std::to_string(status_fd)});
  add({"--"});
  out.insert(out.end(), spec.argv.begin(), spec.argv.end());
  return out;
}

}  // namespace cullet::sandbox
