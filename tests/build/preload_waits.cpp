// SPDX-License-Identifier: Apache-2.0
// What programs of steps do with clocks and directories that could go wrong under the library:
// waits for points in time, in every way that libc has; null pointers; reading directories while
// others fork. Ends at once with status 0, or says what failed.
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <thread>
#include <vector>

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int failures = 0;

void expect(bool held, const char* what) {
  if (held)
    return;
  std::printf("failed: %s\n", what);
  ++failures;
}

timespec soon() {
  timespec point{};
  clock_gettime(CLOCK_REALTIME, &point);
  point.tv_nsec += 50'000'000;
  if (point.tv_nsec >= 1'000'000'000) {
    point.tv_nsec -= 1'000'000'000;
    ++point.tv_sec;
  }
  return point;
}

void wait_for_points() {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  auto point = soon();
  pthread_mutex_lock(&mutex);
  expect(pthread_cond_timedwait(&condition, &mutex, &point) == ETIMEDOUT, "cond_timedwait");
  point = soon();
  expect(pthread_cond_clockwait(&condition, &mutex, CLOCK_REALTIME, &point) == ETIMEDOUT,
         "cond_clockwait");
  clock_gettime(CLOCK_MONOTONIC, &point);
  expect(pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &point) == ETIMEDOUT,
         "cond_clockwait of another clock");
  std::thread([&] {
    const auto other = soon();
    expect(pthread_mutex_timedlock(&mutex, &other) == ETIMEDOUT, "mutex_timedlock");
  }).join();
  sem_t semaphore{};
  sem_init(&semaphore, 0, 0);
  point = soon();
  expect(sem_timedwait(&semaphore, &point) == -1 && errno == ETIMEDOUT, "sem_timedwait");
  point = soon();
  expect(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &point, nullptr) == 0, "clock_nanosleep");
  point = {0, 1'000'000};
  expect(clock_nanosleep(CLOCK_REALTIME, 0, &point, nullptr) == 0, "a relative sleep");
}

int entries() {
  int count = 0;
  DIR* const stream = opendir("/usr/bin");
  while (readdir(stream) != nullptr)
    ++count;
  closedir(stream);
  return count;
}

void read_while_others_fork() {
  const int all = entries();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([all] {
      for (int round = 0; round < 50; ++round)
        expect(entries() == all, "a directory read by several threads");
    });
  for (int round = 0; round < 100; ++round) {
    const auto child = fork();
    if (child == 0)
      _exit(entries() == all ? 0 : 1);
    int status = 0;
    expect(waitpid(child, &status, 0) == child && status == 0, "a directory read by a child");
  }
  for (auto& thread : threads)
    thread.join();
}

}  // namespace

int main() {
  wait_for_points();
  struct {
    int west = 1, summer = 1;
  } zone;
  // Not through libc's header, which says that nobody passes null.
  const auto get = reinterpret_cast<int (*)(void*, void*)>(dlsym(RTLD_DEFAULT, "gettimeofday"));
  expect(get(nullptr, &zone) == 0, "gettimeofday(NULL)");
  read_while_others_fork();
  return failures == 0 ? 0 : 1;
}
