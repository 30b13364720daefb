// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/oci_layout.hpp"

#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.hpp"

namespace cullet::image {
namespace {

struct stat status_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

std::vector<std::string> names_in(const std::filesystem::path& path) {
  return list_directory(open_directory(path).get(), path.native());
}

std::string artifact(const Descriptor& subject,
                     Repository& to,
                     const std::string& type,
                     const std::string& note) {
  Manifest manifest;
  manifest.config = put_text(to, "{}", kEmptyType);
  manifest.layers = {manifest.config};
  manifest.artifact_type = type;
  manifest.subject = subject;
  manifest.annotations = {{"note", note}};
  return manifest.serialize();
}

/// The smallest image: no layers.
Descriptor tiny_image(Repository& to, const std::string& name) {
  Config config;
  config.user = name;
  Manifest manifest;
  manifest.config = put_text(to, config.serialize(), kConfigType);
  return to.put_manifest(manifest.serialize(), std::string(kManifestType));
}

TEST_CASE("open_layout: creates what image-spec asks for, exactly once") {
  const auto mask = GENERATE(mode_t{000}, mode_t{077});
  Room room;
  const auto before = ::umask(mask);
  const auto layout = room.layout();
  ::umask(before);
  CHECK(layout->name() == "oci:" + room.path("layout").native());
  CHECK(read_file(room.path("layout/oci-layout"), 100) == R"({"imageLayoutVersion":"1.0.0"})");
  CHECK(names_in(room.path("layout")) ==
        std::vector<std::string>{"blobs", "index.json", "oci-layout"});
  CHECK((status_of(room.path("layout/index.json")).st_mode & 0777U) == 0644);
  CHECK((status_of(room.path("layout/blobs/sha256")).st_mode & 0777U) == 0755);
  const auto image = tiny_image(*layout, "a");
  layout->put_tag("a", image, "");
  CHECK(room.layout()->tags() == std::vector<std::string>{"a"});
}

TEST_CASE("open_layout: absence, other versions and folders of other things are refused") {
  Room room;
  const auto open = [&](const char* name, bool create) {
    const auto error = failure([&] { (void)open_layout(room.path(name), create, room.cancel); });
    CHECK(error.kind() == Kind::input);
    return error.message();
  };
  CHECK(open("absent", false) == cat("there is no image layout at ", room.path("absent").native()));
  CHECK_FALSE(std::filesystem::exists(room.path("absent")));
  put(room.path("future/oci-layout"), R"({"imageLayoutVersion":"2.0.0"})");
  CHECK_THAT(open("future", true), Catch::Contains("version 2.0.0, not 1.0.0"));
  put(room.path("home/thesis.tex"), "precious");
  CHECK(open("home", true) ==
        cat(room.path("home").native(), " is neither empty nor an image layout"));
  CHECK(names_in(room.path("home")) == std::vector<std::string>{"thesis.tex"});
}

TEST_CASE("open_layout: finishes what a killed creation left") {
  Room room;
  make_directories(room.path("layout/blobs/sha256"));
  put(room.path("layout/.cullet-dead/blob"), "half");
  const auto layout = room.layout();
  CHECK(layout->tags().empty());
  CHECK_FALSE(std::filesystem::exists(room.path("layout/.cullet-dead")));
}

TEST_CASE("open_layout: leaves alone what a living writer works on") {
  Room room;
  (void)room.layout();
  put(room.path("layout/.cullet-alive/blob"), "half");
  const auto lock = open_directory(room.path("layout/.cullet-alive"));
  REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
  (void)room.layout();
  CHECK(std::filesystem::exists(room.path("layout/.cullet-alive/blob")));
}

TEST_CASE("put_blob: copies, verifies and leaves nothing behind when refused") {
  Room room;
  const auto layout = room.layout();
  const auto blob = put_text(*layout, "some bytes", "text/plain");
  CHECK(layout->has_blob(blob));
  const auto source = layout->open_blob(blob);
  CHECK(read_all(*source, 100, "blob") == "some bytes");
  CHECK((status_of(layout->blob_file(blob)).st_mode & 07777U) == 0444);

  const auto other = Descriptor::of("other bytes", "text/plain");
  for (const char* const wrong : {"OTHER bytes", "other", "other bytes and more"}) {
    const auto error = failure([&] { layout->put_blob(other, memory_origin(wrong)); });
    CHECK(error.kind() == Kind::refused);
    CHECK_THAT(error.render(), Catch::Contains("while putting blob " + other.digest.str()));
    CHECK_FALSE(layout->has_blob(other));
  }
  CHECK(names_in(room.path("layout")).size() == 3);
  CHECK(names_in(room.path("layout/blobs/sha256")).size() == 1);
}

TEST_CASE("put_blob: links an immutable file, and copies one that is not") {
  Room room;
  const auto layout = room.layout();
  const auto put_file = [&](const char* name, std::string_view text, unsigned mode) {
    put(room.path(name), text, mode);
    const auto blob = Descriptor::of(text, "text/plain");
    BlobOrigin origin;
    origin.file = room.path(name);
    layout->put_blob(blob, origin);
    CHECK(layout->has_blob(blob));
    return status_of(layout->blob_file(blob)).st_ino == status_of(room.path(name)).st_ino;
  };
  CHECK(put_file("immutable", "one", 0444));
  CHECK_FALSE(put_file("writable", "two", 0644));
  // Wrong content in the file: the size is held against it before linking, the bytes when copied.
  put(room.path("lie"), "wrong", 0644);
  BlobOrigin origin;
  origin.file = room.path("lie");
  CHECK(failure([&] { layout->put_blob(Descriptor::of("right", "t"), origin); }).kind() ==
        Kind::refused);
  put(room.path("short"), "abc", 0444);
  origin.file = room.path("short");
  CHECK(failure([&] { layout->put_blob(Descriptor::of("abcd", "t"), origin); }).kind() ==
        Kind::refused);
}

TEST_CASE("put_blob: replaces a blob whose size is wrong") {
  Room room;
  const auto layout = room.layout();
  const auto blob = Descriptor::of("whole", "text/plain");
  put(layout->blob_file(blob), "who");
  CHECK_FALSE(layout->has_blob(blob));
  const bool linked = GENERATE(true, false);
  put(room.path("file"), "whole", linked ? 0444 : 0644);
  BlobOrigin origin;
  origin.file = room.path("file");
  layout->put_blob(blob, origin);
  CHECK(read_file(layout->blob_file(blob), 100) == "whole");
  CHECK(names_in(room.path("layout")).size() == 3);
}

TEST_CASE("open_blob: absent and altered blobs are refused") {
  Room room;
  const auto layout = room.layout();
  const auto blob = Descriptor::of("bytes", "text/plain");
  CHECK_THAT(failure([&] { (void)layout->open_blob(blob); }).message(),
             Catch::Contains("is missing from oci:"));
  put(layout->blob_file(blob), "BYTES");
  const auto source = layout->open_blob(blob);
  CHECK(failure([&] { (void)read_all(*source, 100, "blob"); }).kind() == Kind::refused);
}

TEST_CASE("find_manifest: exact bytes with their type, verified") {
  Room room;
  const auto layout = room.layout();
  const auto image = tiny_image(*layout, "a");
  CHECK(layout->has_manifest(image.digest));
  const auto found = layout->find_manifest(image.digest);
  REQUIRE(found);
  CHECK(sha256(found->bytes) == image.digest);
  CHECK(found->media_type == kManifestType);
  CHECK_FALSE(layout->find_manifest(BlobDigest(sha256("absent"))));
  CHECK_FALSE(layout->has_manifest(BlobDigest(sha256("absent"))));

  put(layout->blob_file(image), "{}");
  CHECK(failure([&] { (void)layout->find_manifest(image.digest); }).kind() == Kind::refused);
}

TEST_CASE("find_manifest: the type of one that doesn't say it") {
  Room room;
  const auto layout = room.layout();
  const auto plain = put_text(*layout, R"({"schemaVersion":2,"layers":[]})", "x");
  const auto index = put_text(*layout, R"({"schemaVersion":2,"manifests":[]})", "x");
  CHECK(layout->find_manifest(plain.digest)->media_type == kManifestType);
  CHECK(layout->find_manifest(index.digest)->media_type == kIndexType);
  auto listed = plain;
  listed.media_type = "application/vnd.docker.distribution.manifest.v2+json";
  layout->put_tag("t", listed, "");
  CHECK(layout->find_manifest(plain.digest)->media_type == listed.media_type);
}

TEST_CASE("find_manifest: the index is parsed again only when it is another") {
  Room room;
  const auto layout = room.layout();
  auto listed = put_text(*layout, R"({"schemaVersion":2,"layers":[]})", "x");
  listed.media_type = "application/vnd.docker.distribution.manifest.v2+json";
  layout->put_tag("t", listed, "");
  CHECK(layout->find_manifest(listed.digest)->media_type == listed.media_type);
  const auto index = room.path("layout") / "index.json";
  const auto time = std::filesystem::last_write_time(index);
  std::ofstream(index, std::ios::in | std::ios::out) << "no JSON";
  std::filesystem::last_write_time(index, time);
  CHECK(layout->find_manifest(listed.digest)->media_type == listed.media_type);
  std::filesystem::last_write_time(index, time + std::chrono::seconds(1));
  CHECK(failure([&] { (void)layout->find_manifest(listed.digest); }).kind() == Kind::input);
}

TEST_CASE("put_manifest: its blobs must be there") {
  Room room;
  const auto layout = room.layout();
  Manifest manifest;
  manifest.config = Descriptor::of("absent", std::string(kConfigType));
  const auto error = failure(
      [&] { (void)layout->put_manifest(manifest.serialize(), std::string(kManifestType)); });
  CHECK(error.kind() == Kind::refused);
  CHECK_THAT(error.message(), Catch::Contains(manifest.config.digest.str()));
  CHECK_FALSE(layout->has_manifest(BlobDigest(sha256(manifest.serialize()))));
  // Nor is one of its layers missed.
  auto whole =
      Manifest::parse(layout->find_manifest(tiny_image(*layout, "one").digest)->bytes, "it");
  whole.layers.push_back(Descriptor::of("absent too", std::string(kLayerType)));
  CHECK_THAT(failure([&] {
               (void)layout->put_manifest(whole.serialize(), std::string(kManifestType));
             }).message(),
             Catch::Contains(whole.layers.back().digest.str()));
}

TEST_CASE("put_tag: moves one tag and keeps what else the index says") {
  Room room;
  const auto layout = room.layout();
  const auto one = tiny_image(*layout, "one");
  const auto two = tiny_image(*layout, "two");
  // Another tool's entry, with fields that cullet doesn't know.
  const std::string foreign =
      R"({"mediaType":"application/vnd.oci.image.index.v1+json",)"
      R"("digest":")" +
      one.digest.str() +
      R"(","size":2,)"
      R"("platform":{"architecture":"arm64","os":"linux"},)"
      R"("annotations":{"org.opencontainers.image.ref.name":"theirs","x":"y"}})";
  put(room.path("layout/index.json"),
      R"({"schemaVersion":2,"extra":1.5,"manifests":[)" + foreign + "]}");
  layout->put_tag("v1", one, "");
  layout->put_tag("v2", one, "");
  layout->put_tag("v1", two, "");
  CHECK(layout->find_tag("v1") == two);
  CHECK(layout->find_tag("v2") == one);
  CHECK_FALSE(layout->find_tag("v3"));
  CHECK(layout->tags() == std::vector<std::string>{"theirs", "v1", "v2"});
  const auto index = parse_json(read_file(room.path("layout/index.json"), 1U << 20U), "index");
  CHECK(index.at("extra") == 1.5);
  CHECK(index.at("manifests").size() == 3);
  CHECK(index.at("manifests")[0] == parse_json(foreign, "entry"));
}

TEST_CASE("put_tag: only to what is there, and only what registries take as tags") {
  Room room;
  const auto layout = room.layout();
  const auto image = tiny_image(*layout, "a");
  CHECK(failure([&] { layout->put_tag("a", Descriptor::of("absent", "t"), ""); }).kind() ==
        Kind::refused);
  for (const std::string& tag : {std::string(),
                                 std::string("-a"),
                                 std::string(".a"),
                                 std::string("a/b"),
                                 std::string("a b"),
                                 std::string(129, 'a')}) {
    const auto error = failure([&] { layout->put_tag(tag, image, ""); });
    CHECK(error.kind() == Kind::input);
  }
  CHECK_NOTHROW(layout->put_tag(std::string(128, 'a'), image, ""));
  CHECK_NOTHROW(layout->put_tag("sha256-" + std::string(64, '0') + ".sig", image, ""));
}

TEST_CASE("put_tag: the same again writes nothing") {
  Room room;
  const auto layout = room.layout();
  const auto image = tiny_image(*layout, "a");
  layout->put_tag("a", image, "");
  const auto before = status_of(room.path("layout/index.json")).st_ino;
  layout->put_tag("a", image, "");
  CHECK(status_of(room.path("layout/index.json")).st_ino == before);
}

TEST_CASE("referrers: found by subject and type, once each, sorted") {
  Room room;
  const auto layout = room.layout();
  const auto image = tiny_image(*layout, "a");
  const auto other = tiny_image(*layout, "b");
  layout->put_tag("a", image, "");
  std::vector<Descriptor> put;
  for (const char* const note : {"1", "2", "3"})
    put.push_back(layout->put_manifest(artifact(image, *layout, "application/sig", note),
                                       std::string(kManifestType)));
  (void)layout->put_manifest(artifact(image, *layout, "application/sig", "2"),
                             std::string(kManifestType));
  const auto sbom = layout->put_manifest(artifact(image, *layout, "application/sbom", "4"),
                                         std::string(kManifestType));
  (void)layout->put_manifest(artifact(other, *layout, "application/sig", "5"),
                             std::string(kManifestType));

  CHECK(layout->referrers(image.digest).size() == 4);
  const auto signatures = layout->referrers(image.digest, "application/sig");
  std::sort(put.begin(), put.end(), [](const Descriptor& a, const Descriptor& b) {
    return a.digest < b.digest;
  });
  CHECK(signatures == put);
  CHECK(signatures[0].annotations.contains("note"));
  CHECK(layout->referrers(image.digest, "application/sbom") == std::vector<Descriptor>{sbom});
  CHECK(layout->referrers(BlobDigest(sha256("absent"))).empty());
  CHECK(layout->tags() == std::vector<std::string>{"a"});
}

TEST_CASE("OCI layout: threads and processes put tags at once, and none is lost") {
  Room room;
  const auto image = tiny_image(*room.layout(), "a");
  const auto write = [&](const std::string& prefix) {
    const auto layout = open_layout(room.path("layout"), true, room.cancel);
    for (int i = 0; i < 10; ++i) {
      (void)put_text(*layout, prefix, "text/plain");
      layout->put_tag(prefix + std::to_string(i), image, "");
    }
  };
  const auto child = ::fork();
  if (child == 0) {
    try {
      write("child");
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  std::vector<std::thread> threads;
  for (const char* const prefix : {"x", "y", "z"})
    threads.emplace_back([&, prefix] { write(prefix); });
  for (auto& thread : threads)
    thread.join();
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(room.layout()->tags().size() == 40);
}

TEST_CASE("OCI layout: a writer killed at any instant leaves a whole layout") {
  Room room;
  const auto image = tiny_image(*room.layout(), "a");
  room.layout()->put_tag("first", image, "");
  for (int round = 0; round < 10; ++round) {
    int ready[2];
    REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
    const auto child = ::fork();
    if (child == 0) {
      try {
        const auto layout = open_layout(room.path("layout"), true, room.cancel);
        for (int i = 0;; ++i) {
          const auto text = archive::sample(300000, static_cast<unsigned>(i));
          (void)put_text(*layout, text, "text/plain");
          layout->put_tag(cat("t", i % 5), image, "");
          if (i == round && ::write(ready[1], "x", 1) != 1)
            ::_exit(1);
        }
      } catch (...) {
        ::_exit(1);
      }
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    ::close(ready[0]);
    ::close(ready[1]);

    const auto layout = room.layout();
    CHECK(layout->find_tag("first") == image);
    CHECK(names_in(room.path("layout")).size() == 3);
    for (const auto& name : names_in(room.path("layout/blobs/sha256")))
      CHECK(sha256(read_file(room.path("layout/blobs/sha256") / name, 1U << 20U)).hex() == name);
  }
}

TEST_CASE("OCI layout: waiting for another writer can be interrupted") {
  Room room;
  const auto layout = room.layout();
  const auto image = tiny_image(*layout, "a");
  const auto lock = open_directory(room.path("layout"));
  REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
  room.cancel.request();
  CHECK(failure([&] { layout->put_tag("a", image, ""); }).kind() == Kind::interrupted);
}

TEST_CASE("referrers: entries of other tools that we don't read are passed by") {
  Room room;
  const auto layout = room.layout();
  const auto image = tiny_image(*layout, "a");
  const auto found = layout->put_manifest(artifact(image, *layout, "application/sig", "1"),
                                          std::string(kManifestType));
  const std::string malformed = R"({"schemaVersion": 2, "layers": 1})";
  put(room.path("layout/blobs/sha256") / sha256(malformed).hex(), malformed);
  auto index = parse_json(read_file(room.path("layout/index.json"), 1U << 20U), "index");
  auto other = Descriptor::of(malformed, std::string(kManifestType)).to_json();
  index["manifests"].push_back(other);
  other["digest"] = "sha512:" + std::string(128, 'a');
  index["manifests"].push_back(other);
  put(room.path("layout/index.json"), index.dump());

  CHECK(layout->referrers(image.digest) == std::vector<Descriptor>{found});
  CHECK(layout->find_manifest(image.digest));
  layout->put_tag("a", image, "");
  CHECK(parse_json(read_file(room.path("layout/index.json"), 1U << 20U), "index")
            .at("manifests")
            .size() == 4);
}

TEST_CASE("OCI layout: a broken index is named") {
  Room room;
  const auto layout = room.layout();
  for (const char* const bad : {"", "[]", "{}", R"({"manifests":[1]})", R"({"manifests":{}})"}) {
    put(room.path("layout/index.json"), bad);
    const auto error = failure([&] { (void)layout->find_tag("a"); });
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::Contains("index.json"));
  }
}

}  // namespace
}  // namespace cullet::image
