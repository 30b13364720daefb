// SPDX-License-Identifier: Apache-2.0
// What steps of a second build load before their libc (ld.so(8), /etc/ld.so.preload): clocks that
// say what day it is are ahead, and directories that steps made list their entries the other way
// round. A library of its own, without a runtime or a version of libc, so that any environment's
// dynamic linker takes it.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

extern "C" long syscall(long number, ...) noexcept;

#define CULLET_EXPORTED extern "C" __attribute__((visibility("default")))

namespace {

/// Another year, month, day of the month and of the week, hour, minute and second.
constexpr std::time_t kAhead = ((400L * 24 + 7) * 60 + 13) * 60 + 7;
/// Trees of the store are older, and come in another order already (disorder.hpp): twice might be
/// none.
constexpr std::time_t kMadeByStep = 30L * 24 * 60 * 60;

bool tells_the_day(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

/// All entries of one open directory. Streams are few, and closed ones are used again.
struct Listing {
  DIR* stream;
  Listing* rest;
  char* bytes;
  std::size_t size, room;
  std::size_t* at;  ///< where each entry begins in `bytes`, in the order in which they are given
  std::size_t count, next;
};

Listing* listings = nullptr;
std::atomic_flag busy = ATOMIC_FLAG_INIT;

struct Busy {
  Busy() {
    while (busy.test_and_set(std::memory_order_acquire))
      continue;
  }
  ~Busy() { busy.clear(std::memory_order_release); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
};

dirent64* entry(const Listing& listing, std::size_t begin) {
  return reinterpret_cast<dirent64*>(listing.bytes + begin);
}

bool made_by_step(int directory) {
  struct stat status {};
  timespec now{};
  return fstat(directory, &status) == 0 && syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) == 0 &&
         status.st_mtime > now.tv_sec - kMadeByStep;
}

bool is_dots(const char* name) {
  return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0;
}

/// What this library comes with: the first build has no such files (preload.cpp).
bool is_ours(const char* name) {
  return std::strcmp(name, "ld.so.preload") == 0 || std::strcmp(name, "other-machine.so") == 0;
}

/// Reads all that is left of a directory; false where there is no memory.
bool fill(Listing& listing, int directory) {
  constexpr std::size_t kPiece = 32768;
  listing.size = listing.count = listing.next = 0;
  for (;;) {
    if (listing.room - listing.size < kPiece) {
      auto* const more = static_cast<char*>(std::realloc(listing.bytes, listing.room + 4 * kPiece));
      if (more == nullptr)
        return false;
      listing.bytes = more;
      listing.room += 4 * kPiece;
    }
    const long got = syscall(SYS_getdents64, directory, listing.bytes + listing.size, kPiece);
    if (got <= 0)
      break;
    listing.size += static_cast<std::size_t>(got);
  }
  const bool turn = made_by_step(directory);
  const auto hidden = [&](std::size_t at) { return !turn && is_ours(entry(listing, at)->d_name); };
  for (std::size_t at = 0; at < listing.size; at += entry(listing, at)->d_reclen)
    listing.count += hidden(at) ? 0 : 1;
  auto* const begins =
      static_cast<std::size_t*>(std::realloc(listing.at, (listing.count + 1) * sizeof *listing.at));
  if (begins == nullptr)
    return false;
  listing.at = begins;
  // "." and ".." stay in front: there are programs that skip the first two.
  std::size_t front = 0, back = listing.count;
  for (std::size_t at = 0; at < listing.size; at += entry(listing, at)->d_reclen)
    if (!hidden(at))
      begins[!turn || is_dots(entry(listing, at)->d_name) ? front++ : --back] = at;
  return true;
}

dirent64* next_entry(DIR* stream) {
  const Busy lock;
  auto* listing = listings;
  while (listing != nullptr && listing->stream != stream)
    listing = listing->rest;
  if (listing == nullptr) {
    listing = static_cast<Listing*>(std::calloc(1, sizeof(Listing)));
    if (listing == nullptr)
      return nullptr;
    listing->stream = stream;
    listing->rest = listings;
    listings = listing;
    listing->next = listing->count = 0;
  }
  // At its beginning it is a new stream, or one that was rewound.
  const int directory = dirfd(stream);
  if (syscall(SYS_lseek, directory, 0L, SEEK_CUR) == 0 && !fill(*listing, directory))
    return nullptr;
  return listing->next < listing->count ? entry(*listing, listing->at[listing->next++]) : nullptr;
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

CULLET_EXPORTED int gettimeofday(timeval* into, void* zone) noexcept {
  const auto status = static_cast<int>(syscall(SYS_gettimeofday, into, zone));
  if (status == 0)
    into->tv_sec += kAhead;
  return status;
}

CULLET_EXPORTED dirent64* readdir64(DIR* stream) {
  return next_entry(stream);
}

CULLET_EXPORTED dirent* readdir(DIR* stream) {
  static_assert(sizeof(dirent) == sizeof(dirent64) &&
                offsetof(dirent, d_name) == offsetof(dirent64, d_name));
  return reinterpret_cast<dirent*>(next_entry(stream));
}
