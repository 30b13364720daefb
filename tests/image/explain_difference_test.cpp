// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/explain_difference.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "archive/raw_tar.hpp"
#include "support.hpp"

using namespace cullet;
using namespace cullet::image;
using archive::compressed;
using archive::end_of_archive;
using archive::raw_entry;

namespace {

struct Made {
  std::vector<std::string> layers;
  std::string media_type = std::string(kLayerType);
  std::map<std::string, std::string> annotations = {};
  Config config = {};
};

Descriptor put_made(Repository& repository, Made made) {
  Manifest manifest;
  manifest.annotations = made.annotations;
  for (const auto& bytes : made.layers) {
    manifest.layers.push_back(put_text(repository, bytes, made.media_type));
    made.config.layers.push_back({DiffId(sha256(archive::decompressed(bytes))), "cullet: thing"});
  }
  manifest.config = put_text(repository, made.config.serialize(), kConfigType);
  return repository.put_manifest(manifest.serialize(), std::string(kManifestType));
}

DifferenceReport explain(const Made& first,
                         const Made& second,
                         const DifferenceOptions& options = {}) {
  Room room;
  const auto a = room.layout("a"), b = room.layout("b");
  const auto one = put_made(*a, first), other = put_made(*b, second);
  return explain_difference(*a, one, *b, other, options, room.cancel);
}

std::string file(const std::string& name, const std::string& content) {
  return raw_entry({.name = name, .content = content});
}
std::string layer(const std::string& entries) {
  return entries + end_of_archive();
}
/// A layer of one file.
Made made(const std::string& content) {
  return {{layer(file("f", content))}};
}

/// The chain of places down to the first finding that has nothing inside.
std::string chain(const DifferenceReport& report) {
  std::string out;
  for (const auto* at = &report.findings; !at->empty(); at = &at->front().inside)
    out += (out.empty() ? "" : " > ") + at->front().where;
  return out;
}

}  // namespace

TEST_CASE("explain_difference: equal images have nothing to explain") {
  const auto report = explain(made("x"), made("x"));
  CHECK(report.equal());
  CHECK(report.findings.empty());
  CHECK(report.text().empty());
}

TEST_CASE("explain_difference: from the outside in, to the line, and why") {
  const auto report =
      explain(made("a\nbuilt 2026-11-20 10:00:00\nz\n"), made("a\nbuilt 2026-11-21 11:30:00\nz\n"));
  CHECK(chain(report) == "layer 0 (thing) > /f > line 2");
  CHECK(report.cause == Cause::time);
  CHECK_FALSE(report.compression_alone);
  const auto json = report.to_json();
  CHECK(json.at("cause") == "time");
  CHECK(json.at("findings")[0].at("inside")[0].at("inside")[0].at("where") == "line 2");
  CHECK(report.text().find("most likely cause: time (layer 0 (thing), /f, line 2: ") !=
        std::string::npos);
}

TEST_CASE("explain_difference: compression alone is told apart from content") {
  const auto tar = layer(file("f", archive::sample(100'000)));
  for (const auto algorithm : {archive::Algorithm::zstd, archive::Algorithm::gzip}) {
    Made first{{compressed(tar, {algorithm, 1})}}, second{{compressed(tar, {algorithm, 9})}};
    first.annotations["org.cullet.compressor"] = "one";
    second.annotations["org.cullet.compressor"] = "two";
    const auto report = explain(first, second);
    CHECK(report.compression_alone);
    CHECK(report.cause == Cause::compressor);
    CHECK(report.findings.back().what == "compression alone");
    // Anything else beside it is content.
    second.config.user = "somebody";
    CHECK_FALSE(explain(first, second).compression_alone);
  }
  auto stamped = compressed(tar, {archive::Algorithm::gzip, 6});
  stamped[4] = 'x';
  const auto report = explain({{compressed(tar, {archive::Algorithm::gzip, 6})}}, {{stamped}});
  CHECK(report.compression_alone);
  CHECK(report.cause == Cause::time);
}

TEST_CASE("explain_difference: fields of manifest and config are named") {
  Made first = made("x"), second = made("x");
  first.annotations["org.opencontainers.image.created"] = "2026-11-20T00:00:00Z";
  second.annotations["org.opencontainers.image.created"] = "2026-11-21T00:00:00Z";
  auto report = explain(first, second);
  CHECK(chain(report) == "manifest > /annotations/org.opencontainers.image.created");
  CHECK(report.cause == Cause::time);

  second = first;
  second.config.env = {"PATH=/bin"};
  report = explain(first, second);
  CHECK(chain(report) == "config > /config/Env");
  CHECK(report.findings[0].inside[0].what == "only in the second: '[\"PATH=/bin\"]'");
}

TEST_CASE("explain_difference: what a layer says of a file beside its bytes") {
  const auto one = raw_entry({.name = "f", .content = "x", .uid = 1000});
  auto report = explain({{layer(one)}}, made("x"));
  CHECK(chain(report) == "layer 0 (thing) > /f > owner");
  CHECK(report.cause == Cause::user);

  // The tar writer knows no times; a header of another one does.
  const auto at = [](const char* time) {
    auto header = file("f", "x");
    header.replace(136, 11, time);
    header.replace(148, 8, "        ");
    unsigned long sum = 0;
    for (std::size_t i = 0; i < 512; ++i)
      sum += static_cast<unsigned char>(header[i]);
    char text[8];
    std::snprintf(text, sizeof text, "%06lo", sum);
    header.replace(148, 7, std::string(text, 6) + '\0');
    return layer(header);
  };
  report = explain({{at("14700000000")}}, {{at("14700000017")}});
  CHECK(chain(report) == "layer 0 (thing) > /f > mtime");
  CHECK(report.cause == Cause::time);

  report = explain({{layer(file("f", "x"))}},
                   {{layer(raw_entry({.name = "f", .type = '2', .link = "/etc/x"}))}});
  CHECK(chain(report) == "layer 0 (thing) > /f > type");
}

TEST_CASE("explain_difference: entries in another order, and only in one of the two") {
  const auto a = file("a", "1"), b = file("b", "2");
  auto report = explain({{layer(a + b)}}, {{layer(b + a)}});
  CHECK(chain(report) == "layer 0 (thing) > order of entries");
  CHECK(report.cause == Cause::order);

  report = explain({{layer(a)}}, {{layer(b)}});
  REQUIRE(report.findings[0].inside.size() == 2);
  CHECK(report.findings[0].inside[0].what == "only in the first");
  CHECK(report.findings[0].inside[1].what == "only in the second");

  // The same file under another name.
  report = explain({{layer(file("cache/0f3c9d1e77ab2f60", "1"))}},
                   {{layer(file("cache/1a3c9d1e77ab2f61", "1"))}});
  CHECK(report.findings[0].inside[0].what ==
        "only in the first; the second has it as /cache/1a3c9d1e77ab2f61");
  CHECK(report.cause == Cause::identifier);

  report = explain({{layer(a), layer(b)}}, {{layer(b)}});
  CHECK(report.findings.back().where == "layer 0 (thing)");
  CHECK(report.findings.back().what == "only in the first");
}

TEST_CASE("explain_difference: layers in another order, or more often, say something else") {
  const auto a = layer(file("f", "a")), b = layer(file("f", "b")), c = layer(file("g", "c"));
  // What an image of another tool says: no history that names what its layers are made of.
  const auto without_names = [](const Made& made, Repository& repository) {
    Manifest manifest;
    for (const auto& bytes : made.layers)
      manifest.layers.push_back(put_text(repository, bytes, made.media_type));
    auto config = made.config;
    for (const auto& bytes : made.layers)
      config.layers.push_back({DiffId(sha256(bytes)), ""});
    manifest.config = put_text(repository, config.serialize(), kConfigType);
    return repository.put_manifest(manifest.serialize(), std::string(kManifestType));
  };
  const auto explained = [&](const Made& first, const Made& second) {
    Room room;
    const auto in = room.layout("a");
    return explain_difference(
        *in, without_names(first, *in), *in, without_names(second, *in), {}, room.cancel);
  };
  const auto said = [&](const Made& first, const Made& second) {
    const auto report = explained(first, second);
    CHECK_FALSE(report.compression_alone);
    CHECK(report.cause == Cause::unknown);
    std::string out;
    for (const auto& one : report.findings) {
      if (one.where == "config")  // whose history is as long
        continue;
      out += cat(out.empty() ? "" : "; ", one.where, ": ", one.what);
      for (const auto& inside : one.inside)
        out += cat(", ", inside.where, " ", inside.what);
    }
    return out;
  };
  CHECK(said({{a, b}}, {{b, a}}) ==
        "layers: they stand in another order, layer 0 is layer 1 of the second, layer 1 is layer 0 "
        "of the second");
  CHECK(said({{c, a, b}}, {{c, b, a}}) ==
        "layers: they stand in another order, layer 1 is layer 2 of the second, layer 2 is layer 1 "
        "of the second");
  CHECK(said({{a, b}}, {{a, b, a}}) == "layer 2: only in the second");
  CHECK(said({{b, a}}, {{a, b, a}}) == "layer 0: only in the second");
  CHECK(said({{a, a, b}}, {{a, b}}) == "layer 0: only in the first");
  CHECK(said({{a, b}}, {{a, a}}).starts_with("layer 1: content, /f "));
  // With names, one that changed is told beside it.
  const auto moved = explain({{a, c}}, {{c, b}});
  CHECK(std::any_of(moved.findings.begin(), moved.findings.end(), [](const Finding& one) {
    return one.what == "they stand in another order";
  }));
}

TEST_CASE("explain_difference: what names the same layers otherwise is found too") {
  const auto tar = layer(file("f", "x"));
  Room room;
  const auto in = room.layout("a");
  const auto put = [&](const std::string& type, const std::string& diff_id) {
    Manifest manifest;
    manifest.layers.push_back(put_text(*in, tar, type));
    Config config;
    config.layers.push_back({DiffId(sha256(diff_id)), "cullet: thing"});
    manifest.config = put_text(*in, config.serialize(), kConfigType);
    return in->put_manifest(manifest.serialize(), std::string(kManifestType));
  };
  const auto layer_type = std::string(kLayerType);
  const auto chain_of = [&](const Descriptor& first, const Descriptor& second) {
    return chain(explain_difference(*in, first, *in, second, {}, room.cancel));
  };
  CHECK(chain_of(put(layer_type, tar), put(layer_type + "+zstd", tar)) ==
        "manifest > /layers/0/mediaType");
  CHECK(chain_of(put(layer_type, tar), put(layer_type, "other")) == "config > /rootfs/diff_ids/0");
}

TEST_CASE("explain_difference: headers that read alike are found all the same") {
  auto named = file("f", "x");
  named.replace(265, 5, "alice");
  unsigned long sum = 0;
  named.replace(148, 8, "        ");
  for (std::size_t i = 0; i < 512; ++i)
    sum += static_cast<unsigned char>(named[i]);
  char text[8];
  std::snprintf(text, sizeof text, "%06lo", sum);
  named.replace(148, 7, std::string(text, 6) + '\0');
  const auto report = explain(made("x"), {{layer(named)}});
  CHECK(chain(report) == "layer 0 (thing) > tar header at byte 0");
  // The checksum comes first; both fields are the writer's.
  CHECK(report.findings[0].inside[0].what.find("no entry does to a reader") != std::string::npos);
  const auto longer = explain(made("x"), {{layer(file("f", "x")) + std::string(9000, '\0')}});
  CHECK(chain(longer) == "layer 0 (thing) > end of the tar");
}

TEST_CASE("explain_difference: what is beyond the bounds is named, and not looked into") {
  DifferenceOptions options;
  options.files = 1;
  std::string one, other;
  for (const char* const path : {"a", "b", "c"}) {
    one += file(path, "1\n");
    other += file(path, "2\n");
  }
  auto report = explain({{layer(one)}}, {{layer(other)}}, options);
  const auto& files = report.findings[0].inside;
  REQUIRE(files.size() == 3);
  CHECK(files[0].inside.size() == 1);
  CHECK(files[1].inside.empty());
  CHECK(report.notes == std::vector<std::string>{
                            "2 files that differ were not looked into: too many or too large"});
  options.names = 2;
  report = explain({{layer(one)}}, {{layer(other)}}, options);
  CHECK(report.findings[0].inside.back().what == "and 1 more");
}

TEST_CASE("explain_difference: a layer that is none is refused, and so are other bytes") {
  const auto error = failure([] { (void)explain(made("x"), {{"no tar at all"}}); });
  CHECK(error.kind() == Kind::input);
}

TEST_CASE("explain_difference: another tool may say more of a file") {
  DifferenceOptions options;
  options.detail = [](const std::string& path, Bytes first, Bytes second) {
    return path + ": " + std::string(as_text(first)) + "/" + std::string(as_text(second));
  };
  const auto report = explain(made("1"), made("2"), options);
  CHECK(report.findings[0].inside[0].inside.back().what == "f: 1/2");
}
