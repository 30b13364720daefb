// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cullet/image/compare.hpp"
#include "cullet/image/descriptor.hpp"

#include "progress_view.hpp"
#include "series_file.hpp"
#include "session.hpp"
#include "upstream_check.hpp"

namespace cullet::cli {

/// An image built from a candidate, beside the one that the workspace has now.
struct CandidateImage {
  std::string recipe;
  image::Descriptor after;
  std::uint64_t size_after = 0;             ///< bytes of config and layers as stored
  std::optional<image::Descriptor> before;  ///< nullopt: none was built yet
  std::uint64_t size_before = 0;
  image::Comparison comparison;  ///< of the two; empty where there is none before
  std::string pushed;            ///< reference, or empty
};

/// A fork moved to what upstream has, and what came of it.
struct Candidate {
  enum class Outcome {
    nothing,    ///< the pin has all that upstream has
    good,       ///< everything that the fork reaches was built and tested
    conflict,   ///< a patch has to be looked at by a person; nothing was built
    forbidden,  ///< built and tested, but it differs in a way that --forbid names
    failed,     ///< upstream could not be asked, or the build or a test failed: `error`
  };
  Outcome outcome = Outcome::nothing;
  UpstreamAnswer answer;
  NewSeries series;                  ///< with the new pin
  std::vector<std::string> recipes;  ///< that the fork reaches
  std::vector<CandidateImage> images;
  std::vector<std::string> licences;  ///< of the source, that differ
  std::vector<std::string> forbidden;
  std::optional<Error> error;
  bool written = false;

  [[nodiscard]] const workspace::Fork& fork() const { return *answer.fork; }
  /// Exit status: 0, 3 for a conflict or what is forbidden, else the error's.
  [[nodiscard]] int status() const;
};
std::string_view name(Candidate::Outcome outcome);

struct CandidateOptions {
  std::string at;      ///< a commit, tag or branch instead of the newest
  std::string push;    ///< where good images go as PUSH/RECIPE:candidate-VERSION; empty: nowhere
  bool write = false;  ///< what can't be written (refuse_unwritable()) fails
  std::vector<std::string> forbid;  ///< kForbiddable
};

/// What --forbid takes.
inline constexpr const char* kForbiddable[] = {
    "removed-files", "removed-libraries", "removed-symbols", "licences"};

/// Moves a fork of `base`, the workspace with what was good before it, as `answer` says; builds and
/// tests what it reaches and compares. Nothing is signed, or written to the workspace. When it is
/// good, `base` has it, so that the next is tried with it: what is written together was built
/// together. Throws only Kind::interrupted.
Candidate try_candidate(Session& session,
                        UpstreamAnswer answer,
                        const CandidateOptions& options,
                        workspace::Workspace& base,
                        std::map<std::string, std::string>& unwritten);

}  // namespace cullet::cli
