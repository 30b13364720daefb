// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over the files and directories that it is given: how any compiler's build
// tests that what was found once stays found.
#include <cstdio>
#include <vector>

#include <fcntl.h>

#include "fuzz.hpp"

namespace {

constexpr std::uint64_t kMaxInput = std::uint64_t{4} << 20U;

void replay(const std::filesystem::path& file) {
  const auto bytes = cullet::read_file(file, kMaxInput);
  // A copy of just this size: a read past the end is one past an allocation.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);  // the last line names the input that ended the process
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

int run(int count, char** paths) {
  int replayed = 0;
  for (int i = 1; i < count; ++i) {
    const std::filesystem::path path = paths[i];
    if (!std::filesystem::is_directory(path)) {
      replay(path);
      ++replayed;
      continue;
    }
    const auto directory = cullet::open_directory(path);
    for (const auto& name : cullet::list_directory(directory.get(), path.string())) {
      replay(path / name);
      ++replayed;
    }
  }
  std::printf("%d inputs\n", replayed);
  return replayed == 0 ? 1 : 0;  // no corpus tests nothing
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const cullet::Error& error) {
    std::fputs(error.render().c_str(), stderr);
    return 1;
  }
}
