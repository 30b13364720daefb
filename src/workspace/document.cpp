// SPDX-License-Identifier: Apache-2.0
#include "document.hpp"

#include <algorithm>
#include <sstream>

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "cullet/base/text.hpp"

#include "document_builder.hpp"
#include "utf8.hpp"

namespace cullet::workspace {
namespace {

/// yaml-cpp takes byte 0x04 for the end of the file, and a reader of the file would not see what
/// other control characters do to it.
void check_characters(std::string_view text, const DocumentBuilder& builder) {
  const auto fail = [&](std::size_t offset, std::string_view message) {
    const auto before = text.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n');
    const auto start = before.rfind('\n');
    YAML::Mark mark;
    mark.pos = static_cast<int>(offset);
    mark.line = static_cast<int>(line);
    mark.column = static_cast<int>(start == std::string_view::npos ? offset : offset - start - 1);
    throw error_at(builder.position(mark), message);
  };
  if (const auto bad = first_invalid_utf8(text))
    fail(*bad, "this is not UTF-8");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool line_end = byte == '\n' || (byte == '\r' && text.substr(i + 1, 1) == "\n");
    if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7f)
      fail(i, cat("a control character: '", printable(text.substr(i, 1)), "'"));
  }
}

}  // namespace

std::string Node::describe() const {
  if (label.empty())
    return "the file";
  const auto* prefix = role == Role::entry ? "an entry of '"
                       : role == Role::key ? "a key of '"
                                           : "'";
  return cat(prefix, printable(label), "'");
}

Error error_at(const Position& at, std::string_view message) {
  return Error(Kind::input, cat(at.str(), ": ", message));
}

Error unknown_word(const Position& at,
                   std::string_view message,
                   std::string_view word,
                   const std::vector<std::string>& known) {
  auto error = error_at(at, message);
  if (const auto near = nearest(word, known))
    error.hint(cat("did you mean '", *near, "'?"));
  else if (!known.empty() && known.size() <= 24)
    error.hint(cat("known here: ", join(known, ", ")));
  return error;
}

Node parse_document(std::string_view text, const std::string& file) {
  if (text.size() > kMaxDocumentBytes)
    throw Error(Kind::input,
                cat(file,
                    " is larger than ",
                    human_size(kMaxDocumentBytes),
                    ": ",
                    human_size(text.size())));
  if (text.substr(0, 3) == "\xEF\xBB\xBF")
    text.remove_prefix(3);
  DocumentBuilder builder(text, file);
  check_characters(text, builder);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    // A stream that fails to parse leaves the parser unusable, so this loop ends either way.
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    throw error_at(builder.position(error.mark), cat("malformed YAML: ", printable(error.msg)));
  }
  auto root = builder.take();
  if (!root || root->type == Node::Type::null)
    throw error_at({file, 1, 1}, "the file is empty");
  return std::move(*root);
}

}  // namespace cullet::workspace
