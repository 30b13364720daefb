// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace cullet::sandbox {

/// The seccomp filter of every step, as the BPF program that `bwrap --seccomp` reads. Everything is
/// allowed but what a build has no use for and what reaches past the sandbox:
///   EPERM   tracing other processes, new namespaces (also through clone flags), mounting, key
///           rings, kernel modules, kexec, BPF, performance counters, userfaultfd, the kernel log,
///           clocks, swap, quotas, file handles, other persona than the default, and the ioctls
///           that type into a terminal (TIOCSTI, TIOCLINUX)
///   ENOSYS  io_uring, clone3 (its flags are in memory, where a filter can't look; libc falls back
///           to clone), and system calls of another architecture
///   EAFNOSUPPORT  sockets other than UNIX, IPv4, IPv6 and netlink
/// Throws Kind::machine where libseccomp can't build it.
std::string seccomp_program();

}  // namespace cullet::sandbox
