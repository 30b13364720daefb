// SPDX-License-Identifier: Apache-2.0
#include "cullet/sandbox/seccomp.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/handle.hpp"

namespace cullet::sandbox {

namespace {

constexpr int kForbidden[] = {
    // other processes
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(process_madvise),
    // namespaces and mounts
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fspick),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(mount_setattr),
    // keyrings
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    // the kernel
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(syslog),
    SCMP_SYS(reboot),
    SCMP_SYS(acct),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(quotactl),
    SCMP_SYS(quotactl_fd),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(vhangup),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(nfsservctl),
    // clocks
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    // files by handle: past any mount
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at)};

constexpr int kAbsent[] = {SCMP_SYS(io_uring_setup),
                           SCMP_SYS(io_uring_enter),
                           SCMP_SYS(io_uring_register),
                           SCMP_SYS(clone3)};

constexpr int kNamespaceFlags[] = {CLONE_NEWUSER,
                                   CLONE_NEWNS,
                                   CLONE_NEWPID,
                                   CLONE_NEWNET,
                                   CLONE_NEWIPC,
                                   CLONE_NEWUTS,
                                   CLONE_NEWCGROUP};

constexpr int kSocketFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

/// Collects rules; every failure of libseccomp becomes an Error.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ALLOW)) {
    if (!context_)
      // It sets no errno that is documented; nothing else can be wrong with these arguments.
      throw Error(Kind::machine, "cannot make a seccomp filter: seccomp_init() gave none")
          .hint("libseccomp is out of memory, or knows neither this processor nor this kernel");
    check(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
  }

  template <class... Comparisons>
  void deny(int error, int call, const Comparisons&... comparisons) {
    // A negative number: a call that this architecture doesn't have.
    if (call < 0)
      return;
    check(seccomp_rule_add(context_.get(),
                           SCMP_ACT_ERRNO(static_cast<unsigned>(error)),
                           call,
                           sizeof...(comparisons),
                           comparisons...));
  }

  [[nodiscard]] std::string program() const {
    const Fd file(memfd_create("seccomp", MFD_CLOEXEC));
    if (!file.valid())
      throw system_error("cannot make a seccomp filter", errno);
    check(seccomp_export_bpf(context_.get(), file.get()));
    if (lseek(file.get(), 0, SEEK_SET) != 0)
      throw system_error("cannot read the seccomp filter", errno);
    FdSource source(file.get(), "seccomp filter");
    return read_all(source, 1U << 20U, "the seccomp filter");
  }

 private:
  static void check(int result) {
    if (result != 0)
      throw system_error("cannot make a seccomp filter", -result);
  }
  Handle<void, seccomp_release> context_;
};

}  // namespace

std::string seccomp_program() {
  Filter filter;
  for (const int call : kForbidden)
    filter.deny(EPERM, call);
  for (const int call : kAbsent)
    filter.deny(ENOSYS, call);
  for (const int flag : kNamespaceFlags) {
    const auto bits = static_cast<scmp_datum_t>(static_cast<unsigned>(flag));
    filter.deny(EPERM, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, bits, bits));
  }
  // The kernel looks at the low 32 bits of an ioctl's number alone.
  for (const unsigned long request : {static_cast<unsigned long>(TIOCSTI), 0x541CUL /*TIOCLINUX*/})
    filter.deny(EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, request));
  // Asking for the persona (0xffffffff) is refused with it: a rule compares an argument once.
  filter.deny(EPERM, SCMP_SYS(personality), SCMP_A0(SCMP_CMP_NE, 0));
  // Families are few and small: what is above the highest, and what lies between, is denied.
  int next = 0;
  for (const int family : kSocketFamilies) {
    for (; next < family; ++next)
      filter.deny(
          EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(next)));
    next = family + 1;
  }
  filter.deny(
      EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GE, static_cast<scmp_datum_t>(next)));
  return filter.program();
}

}  // namespace cullet::sandbox
