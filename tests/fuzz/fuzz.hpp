// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

/// What libFuzzer and replay.cpp call with each input; one file defines it for each target.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cullet::fuzz {

/// Ends the process when a property does not hold, so that the fuzzer keeps the input.
inline void require(bool holds, std::string_view property) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Whether `work` takes the bytes that it is given. What it may do instead is throw an Error that
/// blames them, and that can be shown on a terminal. No other exception is caught.
template <class Work>
bool accepts(Work&& work) {
  try {
    std::forward<Work>(work)();
    return true;
  } catch (const Error& error) {
    const auto text = error.render();
    require(error.kind() == Kind::input || error.kind() == Kind::refused, text);
    require(std::none_of(text.begin(),
                         text.end(),
                         [](char c) {
                           const auto byte = static_cast<unsigned char>(c);
                           return (byte < 0x20 && c != '\n') || byte == 0x7f;
                         }),
            "an error holds no control characters");
    return false;
  }
}

/// Where files that don't outlive one input go.
inline std::filesystem::path temporary_parent() {
  const std::filesystem::path memory = "/dev/shm";
  return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
}

/// The bytes as a file, for parsers that take a path. Gone with the object.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
    require(fd_.valid(), "memfd_create(2) works");
    write_all(fd_.get(), as_bytes(bytes), "input");
    ::lseek(fd_.get(), 0, SEEK_SET);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::filesystem::path path() const { return cat("/proc/self/fd/", fd_.get()); }

 private:
  Fd fd_;
};

}  // namespace cullet::fuzz
