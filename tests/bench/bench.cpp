// SPDX-License-Identifier: Apache-2.0
// One operation of the libraries, timed from inside, for scripts/bench:
//   cullet_bench capture STORE DIR     takes DIR over as a tree (it is emptied); prints the digest
//   cullet_bench pack STORE TREE N     packs a tree of the store to zstd -3 on two threads, N times
//   cullet_bench step TREE OVER N      runs `true` in a read-only overlay of OVER on TREE, N times
// and prints seconds, one run a line.
#include <chrono>
#include <iostream>

#include <sys/resource.h>

#include "cullet/base/error.hpp"
#include "cullet/image/layer.hpp"
#include "cullet/sandbox/sandbox.hpp"

namespace {

using namespace cullet;  // NOLINT(google-build-using-namespace): one file, no header

template <class Work>
void time_it(int times, const Work& work) {
  for (int run = 0; run < times; ++run) {
    const auto start = std::chrono::steady_clock::now();
    work();
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()
              << '\n';
  }
}

void capture(const std::string& store_path, const std::string& directory) {
  store::Store store(store_path, {});
  auto staged = store.stage_tree();
  std::filesystem::remove(staged.root());
  std::filesystem::rename(directory, staged.root());
  std::cout << store.commit_tree(std::move(staged), {}, 2, Cancel()).digest << '\n';
}

void pack(const std::string& store_path, const std::string& tree, int times) {
  store::Store store(store_path, {});
  const image::LayerSpec spec{store.tree(TreeDigest::parse(tree).value()), {}, {}, {}};
  time_it(times, [&] { image::pack_layer(store, spec, 2, Cancel()); });
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cerr << "peak memory " << usage.ru_maxrss / 1024 << " MiB\n";
}

void step(const std::string& tree, const std::string& over, int times) {
  sandbox::Spec spec;
  spec.mounts.push_back({"/", {over, tree}, {}});
  spec.argv = {"/usr/bin/true"};
  time_it(times, [&] {
    if (!sandbox::run(spec, Cancel()).status.ok())
      throw Error(Kind::step, "`true` failed");
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 3 && arguments[0] == "capture")
      capture(arguments[1], arguments[2]);
    else if (arguments.size() == 4 && arguments[0] == "pack")
      pack(arguments[1], arguments[2], std::stoi(arguments[3]));
    else if (arguments.size() == 4 && arguments[0] == "step")
      step(arguments[1], arguments[2], std::stoi(arguments[3]));
    else
      throw Error(Kind::usage, "capture STORE DIR | pack STORE TREE N | step TREE OVER N");
  } catch (const Error& error) {
    std::cerr << error.render();
    return exit_status(error.kind());
  }
  return 0;
}
