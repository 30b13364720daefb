// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include <CLI/CLI.hpp>

#include "cullet/image/contents.hpp"

#include "../command.hpp"
#include "../resolve.hpp"

namespace cullet::cli {

namespace {

int print_file(Session& session, const std::string& text, const std::string& path) {
  const auto resolved = resolve_image(session, text);
  class StreamSink final : public Sink {
   public:
    explicit StreamSink(std::ostream& out) : out_(out) {}
    void write(Bytes bytes) override {
      const auto view = as_text(bytes);
      out_.write(view.data(), static_cast<std::streamsize>(view.size()));
    }

   private:
    std::ostream& out_;
  } sink(session.environment().out);
  image::read_file(
      *resolved.repository, resolved.manifest, path, sink, session.cancel(), read_options(session));
  return 0;
}

}  // namespace

void register_cat(CLI::App& app, Action& chosen) {
  auto image = std::make_shared<std::string>();
  auto path = std::make_shared<std::string>();
  auto* command =
      add_command(app, "cat", "print a file of an image", "cullet cat nginx /etc/passwd");
  command->add_option("ref", *image, "the image")->required();
  command->add_option("path", *path, "the file")->required();
  command->callback([image, path, &chosen] {
    chosen = [image, path](Session& session) { return print_file(session, *image, *path); };
  });
}

}  // namespace cullet::cli
