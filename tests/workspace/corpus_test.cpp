// SPDX-License-Identifier: Apache-2.0
// tests/workspace/corpus/KIND: each accept-* parses; each reject-* fails with the message that
// corpus/errors.golden has for it. CULLET_ACCEPT=1 rewrites the golden file.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/workspace/policy.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::workspace {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(CULLET_SOURCE_DIR) / "tests/workspace/corpus";

void parse(const std::string& kind, const fs::path& path) {
  const auto text = read_file(path, 4U << 20U);
  const auto file = path.filename().string();
  const auto name = path.stem().string();
  if (kind == "cullet")
    parse_config(text, file);
  else if (kind == "fork")
    parse_fork(text, file, name);
  else if (kind == "policy")
    parse_policy(text, file);
  else
    parse_recipe(text, file, name);
}

std::vector<fs::path> documents(const std::string& kind, const std::string& prefix) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(kCorpus / kind))
    if (entry.path().filename().string().rfind(prefix, 0) == 0)
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

const std::vector<std::string> kKinds{"cullet", "fork", "policy", "recipe"};

TEST_CASE("Corpus: accepted documents parse") {
  for (const auto& kind : kKinds) {
    const auto paths = documents(kind, "accept-");
    REQUIRE(!paths.empty());
    for (const auto& path : paths) {
      INFO(path);
      try {
        parse(kind, path);
      } catch (const Error& error) {
        FAIL_CHECK(error.render());
      }
    }
  }
}

TEST_CASE("Corpus: rejected documents say why, where and what to do") {
  std::ostringstream report;
  for (const auto& kind : kKinds) {
    for (const auto& path : documents(kind, "reject-")) {
      INFO(path);
      report << "# " << kind << "/" << path.stem().string() << "\n";
      try {
        parse(kind, path);
        FAIL_CHECK("accepted");
      } catch (const Error& error) {
        CHECK(error.kind() == Kind::input);
        report << error.render();
      }
    }
  }
  const auto golden = kCorpus / "errors.golden";
  const auto* accept = std::getenv("CULLET_ACCEPT");
  if (accept != nullptr && std::string(accept) == "1") {
    replace_file(golden, report.str());
    WARN("skipped: errors.golden was rewritten");
    return;
  }
  CHECK(report.str() == read_file(golden, 4U << 20U));
}

}  // namespace
}  // namespace cullet::workspace
