// SPDX-License-Identifier: Apache-2.0
#include "policy_check.hpp"

#include <algorithm>

#include "cullet/attest/summary.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/trust/attestation.hpp"
#include "cullet/trust/signature.hpp"

namespace cullet::cli {

namespace {

constexpr std::uint64_t kMaxPolicyBytes = std::uint64_t{2} << 20U;

using attest::Ruling;

/// Runs a check; what it throws about the image, not about the machine, is its failure.
template <class Check>
Ruling ruled(const std::string& rule, const Check& check) {
  try {
    return check();
  } catch (const Error& error) {
    if (error.kind() != Kind::input && error.kind() != Kind::refused)
      throw;
    return {rule, false, error.message()};
  }
}

/// What nobody vouches for is not read: it may be any amount.
Ruling check_content(Session& session, const ResolvedImage& image, const Ruling& signature) {
  if (!signature.passed)
    return {"content", false, "not read, for want of a signature"};
  return ruled("content", [&]() -> Ruling {
    const auto content = image::validate(*image.repository, image.manifest, session.cancel());
    if (content.problems.empty())
      return {"content", true, cat(human_size(content.bytes), " match their digests")};
    return {"content", false, join(content.problems, "; ")};
  });
}

Ruling check_signature(const ResolvedImage& image, const LoadedPolicy& loaded) {
  return ruled("signature", [&]() -> Ruling {
    std::string problem = "it is not signed";
    for (std::size_t at = 0; at < loaded.release.size(); ++at) {
      const auto report = trust::verify(*image.repository, image.manifest, loaded.release[at]);
      if (report.ok())
        return {"signature", true, cat("by ", loaded.policy.release_keys[at])};
      if (!report.found.empty())
        problem = cat("no signature is by a key of this policy: ", report.found.front().problem);
    }
    return {"signature", false, problem};
  });
}

Ruling check_rebuilders(const ResolvedImage& image, const LoadedPolicy& loaded) {
  return ruled("rebuilders", [&]() -> Ruling {
    auto builders = loaded.release;
    builders.insert(builders.end(), loaded.attestations.begin(), loaded.attestations.end());
    const auto found =
        attest::rebuilders(*image.repository, image.manifest, loaded.rebuilders, builders);
    const auto wanted = loaded.policy.rebuilders->at_least;
    const auto count = cat(found.counted.size(), " of the ", wanted, " that it needs");
    if (found.counted.size() >= wanted)
      return {"rebuilders", true, count};
    auto problems = found.problems;
    problems.insert(problems.begin(), count);
    return {"rebuilders", false, join(problems, "; ")};
  });
}

/// Signatures have statements' form; they are judged elsewhere.
bool is_signature(const trust::Attestation& one) {
  return one.predicate_type == trust::kSignPredicate;
}

void gather(const ResolvedImage& image,
            const LoadedPolicy& loaded,
            attest::Evidence& evidence,
            PolicyVerdict& verdict) {
  auto found = trust::attestations(*image.repository, image.manifest, loaded.attestations);
  for (auto& one : found) {
    // Kept inputs refer to the image and say nothing of it.
    if (is_signature(one) || one.artifact_type == build::kInputsType)
      continue;
    if (one.problem.empty()) {
      evidence.statements.push_back({one.predicate_type, std::move(one.predicate)});
      continue;
    }
    evidence.ignored.push_back({one.predicate_type, one.problem});
    verdict.ignored.push_back({one.carrier,
                               one.predicate_type.empty() ? one.artifact_type : one.predicate_type,
                               one.problem});
  }
}

attest::Evidence evidence_of(Session& session,
                             const ResolvedImage& image,
                             const LoadedPolicy& loaded,
                             PolicyVerdict& verdict) {
  attest::Evidence evidence;
  evidence.now = session.environment().now();
  const auto bytes = image.repository->find_manifest(image.manifest.digest);
  if (!bytes)
    throw Error(Kind::input, cat("the manifest ", image.manifest.digest, " is not there"));
  if (bytes->media_type == image::kManifestType)
    evidence.manifest = image::Manifest::parse(bytes->bytes, image.manifest.digest.str());
  gather(image, loaded, evidence, verdict);
  return evidence;
}

}  // namespace

LoadedPolicy load_policy(Session& session, const std::string& file) {
  const auto path = session.directory() / file;
  LoadedPolicy out;
  out.policy = workspace::parse_policy(read_file(path, kMaxPolicyBytes), file);
  const auto read = [&](const std::vector<std::string>& names, auto& keys) {
    for (const auto& name : names)
      keys.push_back(with_context(cat("reading the keys of ", printable(file)), [&] {
        return session.public_key((path.parent_path() / name).string());
      }));
  };
  read(out.policy.release_keys, out.release);
  read(out.policy.attestation_keys, out.attestations);
  if (out.policy.rebuilders)
    read(out.policy.rebuilders->keys, out.rebuilders);
  for (std::size_t at = 0; at < out.attestations.size(); ++at)
    if (std::find(out.release.begin(), out.release.end(), out.attestations[at]) !=
        out.release.end())
      throw Error(Kind::input,
                  cat(printable(file),
                      ": ",
                      printable(out.policy.attestation_keys[at]),
                      " is a release key under another name"))
          .hint("cosign takes any statement by a release key for a signature of the image");
  return out;
}

std::size_t PolicyVerdict::failed() const {
  return static_cast<std::size_t>(
      std::count_if(rulings.begin(), rulings.end(), [](const Ruling& one) { return !one.passed; }));
}

PolicyVerdict check_policy(Session& session,
                           const ResolvedImage& image,
                           const LoadedPolicy& loaded) {
  PolicyVerdict out;
  auto signature = check_signature(image, loaded);
  out.rulings.push_back(check_content(session, image, signature));
  out.rulings.push_back(std::move(signature));
  if (!loaded.policy.reads_statements())
    return out;
  attest::Evidence evidence;
  const auto gathered = ruled("attestations", [&]() -> Ruling {
    evidence = evidence_of(session, image, loaded, out);
    return {"attestations", true, ""};
  });
  // Nothing can be decided then, and each rule says why.
  if (!gathered.passed)
    evidence.ignored.push_back({"", gathered.reason});
  for (auto& one : attest::judge(loaded.policy, evidence))
    out.rulings.push_back(std::move(one));
  if (loaded.policy.rebuilders)
    out.rulings.push_back(check_rebuilders(image, loaded));
  return out;
}

}  // namespace cullet::cli
