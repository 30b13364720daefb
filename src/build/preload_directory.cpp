// SPDX-License-Identifier: Apache-2.0
// The library of preload_clock.cpp, second part: directories that steps made list their entries the
// other way round.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>

extern "C" long syscall(long number, ...) noexcept;

#define CULLET_EXPORTED extern "C" __attribute__((visibility("default")))

namespace {

/// Trees of the store are older, and come in another order already (disorder.hpp): twice might be
/// none.
constexpr std::time_t kMadeByStep = 30L * 24 * 60 * 60;

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
/// The process whose thread is busy with the listings. After a fork in the middle of that, the
/// thread is not in the child: what another process holds is free.
std::atomic<long> busy{0};

class Busy {
 public:
  Busy() {
    const long self = syscall(SYS_getpid);
    for (long holder = 0; !busy.compare_exchange_weak(holder, self, std::memory_order_acquire);)
      if (holder == self)
        holder = 0;
  }
  ~Busy() { busy.store(0, std::memory_order_release); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  Busy(Busy&&) = delete;
  Busy& operator=(Busy&&) = delete;
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

CULLET_EXPORTED dirent64* readdir64(DIR* stream) {
  return next_entry(stream);
}

CULLET_EXPORTED dirent* readdir(DIR* stream) {
  static_assert(sizeof(dirent) == sizeof(dirent64) &&
                offsetof(dirent, d_name) == offsetof(dirent64, d_name));
  return reinterpret_cast<dirent*>(next_entry(stream));
}
