// SPDX-License-Identifier: Apache-2.0
// Pairs of files that differ, of every kind that is looked into; the two stand in one input with a
// line between them.
#include "cullet/image/explain_difference.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

constexpr std::string_view kBetween = "\n%%%%\n";

void check_text(std::string_view text) {
  require(std::none_of(text.begin(),
                       text.end(),
                       [](char c) {
                         const auto byte = static_cast<unsigned char>(c);
                         return byte < 0x20 || byte == 0x7f;
                       }),
          "what is shown holds no control characters");
}

std::size_t check(const std::vector<image::Finding>& findings, unsigned depth) {
  require(depth < 16, "nesting is bounded");
  std::size_t count = findings.size();
  for (const auto& one : findings) {
    require(!one.where.empty(), "a finding is somewhere");
    check_text(one.where);
    check_text(one.what);
    check_text(one.because);
    require((one.cause == image::Cause::unknown) || !one.because.empty(), "a cause has a reason");
    static_cast<void>(one.to_json().dump());
    count += check(one.inside, depth + 1);
  }
  return count;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  const auto at = text.find(kBetween);
  const auto first = text.substr(0, at);
  const auto second = at == text.npos ? std::string_view() : text.substr(at + kBetween.size());
  image::DifferenceOptions options;
  options.file_bytes = std::uint64_t{1} << 20U;
  options.bytes = std::uint64_t{4} << 20U;
  options.first = {"anvil", "alice", {"/home/alice"}, 2};
  options.second = {"forge", "bob", {"/home/bob"}, 8};
  const auto found = image::explain_bytes(first, second, options);
  require(found.empty() == (first == second), "only what differs has findings");
  require(check(found, 0) < 200'000, "findings are bounded");
  require(image::explain_bytes(second, second, options).empty(), "a file is like itself");
  return 0;
}
