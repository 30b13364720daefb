// SPDX-License-Identifier: Apache-2.0
// What steps of a second build load before their libc (ld.so(8), /etc/ld.so.preload), first part:
// clocks that say what day it is are ahead. No runtime and no version of libc is needed, so that
// any environment's dynamic linker takes it.
#include <cerrno>
#include <ctime>

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>

// What programs may pass null to is declared nonnull in libc's own headers.
#define CULLET_EXPORTED extern "C" __attribute__((visibility("default")))

extern "C" long syscall(long number, ...) noexcept;
#pragma weak dlsym

namespace {

/// Another year, month, day of the month and of the week, hour, minute and second.
constexpr std::time_t kAhead = ((400L * 24 + 7) * 60 + 13) * 60 + 7;

struct Timeval {
  std::time_t seconds;
  long microseconds;
};

bool tells_the_day(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

/// A point in time that a program reckoned from the clock it sees, as the kernel means it. Points
/// on a clock that counts from the machine's start are far below.
timespec as_kernel(const timespec& point) {
  timespec now{};
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  auto out = point;
  if (point.tv_sec > now.tv_sec + kAhead / 2)
    out.tv_sec -= kAhead;
  return out;
}

/// Calls libc's function of that name with the point in time that the kernel knows.
template <class Function, class... Arguments>
int wait_until(const char* name, const timespec* point, Arguments... arguments) {
  auto* const real =
      &dlsym == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  if (real == nullptr)
    return ENOSYS;
  if (point == nullptr)
    return real(arguments..., point);
  const auto kernel = as_kernel(*point);
  return real(arguments..., &kernel);
}

}  // namespace

CULLET_EXPORTED int clock_gettime(clockid_t clock, timespec* into) noexcept {
  const auto status = static_cast<int>(syscall(SYS_clock_gettime, clock, into));
  if (status == 0 && tells_the_day(clock))
    into->tv_sec += kAhead;
  return status;
}

CULLET_EXPORTED int timespec_get(timespec* into, int base) noexcept {
  return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, into) == 0 ? base : 0;
}

CULLET_EXPORTED std::time_t time(std::time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (into != nullptr)
    *into = now.tv_sec;
  return now.tv_sec;
}

CULLET_EXPORTED int gettimeofday(Timeval* into, void* zone) noexcept {
  const auto status = static_cast<int>(syscall(SYS_gettimeofday, into, zone));
  if (status == 0 && into != nullptr)
    into->seconds += kAhead;
  return status;
}

// What waits for a point in time would wait for more than a year.

CULLET_EXPORTED int pthread_cond_timedwait(pthread_cond_t* condition,
                                           pthread_mutex_t* mutex,
                                           const timespec* point) {
  return wait_until<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)>(
      "pthread_cond_timedwait", point, condition, mutex);
}

CULLET_EXPORTED int pthread_mutex_timedlock(pthread_mutex_t* mutex,
                                            const timespec* point) noexcept {
  return wait_until<int(pthread_mutex_t*, const timespec*)>(
      "pthread_mutex_timedlock", point, mutex);
}

CULLET_EXPORTED int pthread_rwlock_timedrdlock(pthread_rwlock_t* lock,
                                               const timespec* point) noexcept {
  return wait_until<int(pthread_rwlock_t*, const timespec*)>(
      "pthread_rwlock_timedrdlock", point, lock);
}

CULLET_EXPORTED int pthread_rwlock_timedwrlock(pthread_rwlock_t* lock,
                                               const timespec* point) noexcept {
  return wait_until<int(pthread_rwlock_t*, const timespec*)>(
      "pthread_rwlock_timedwrlock", point, lock);
}

CULLET_EXPORTED int sem_timedwait(sem_t* semaphore, const timespec* point) {
  return wait_until<int(sem_t*, const timespec*)>("sem_timedwait", point, semaphore);
}

CULLET_EXPORTED int pthread_cond_clockwait(pthread_cond_t* condition,
                                           pthread_mutex_t* mutex,
                                           clockid_t clock,
                                           const timespec* point) {
  return wait_until<int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>(
      "pthread_cond_clockwait", point, condition, mutex, clock);
}

CULLET_EXPORTED int clock_nanosleep(clockid_t clock,
                                    int flags,
                                    const timespec* point,
                                    timespec* left) {
  auto kernel = *point;
  if (flags == TIMER_ABSTIME && tells_the_day(clock))
    kernel = as_kernel(*point);
  const long status = syscall(SYS_clock_nanosleep, clock, flags, &kernel, left);
  return status == 0 ? 0 : errno;
}
