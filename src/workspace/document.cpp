// SPDX-License-Identifier: Apache-2.0
#include "document.hpp"

#include <algorithm>

#include <yaml.h>

#include "cullet/base/handle.hpp"
#include "cullet/base/text.hpp"
#include "cullet/base/utf8.hpp"

#include "document_builder.hpp"

namespace cullet::workspace {
namespace {

std::ptrdiff_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
}

/// A reader of the file would not see what control characters do to it, and YAML takes three
/// characters for line ends that editors don't (NEL, LS and PS).
void check_characters(std::string_view text, const std::string& file) {
  const auto fail = [&](std::size_t offset, std::string_view message) {
    const auto before = text.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n');
    const auto last_line = before.substr(before.rfind('\n') + 1);
    throw error_at({file, static_cast<int>(line) + 1, static_cast<int>(characters(last_line)) + 1},
                   message);
  };
  if (const auto bad = first_invalid_utf8(text))
    fail(*bad, "this is not UTF-8");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool line_end = byte == '\n' || (byte == '\r' && text.substr(i + 1, 1) == "\n");
    if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7f)
      fail(i, cat("a control character: '", printable(text.substr(i, 1)), "'"));
  }
  for (const std::string_view separator : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"})
    if (const auto at = text.find(separator); at != std::string_view::npos)
      fail(at, "a line separator that is no line end: NEL, LS or PS");
}

/// libyaml's parser over a text in memory.
class EventReader {
 public:
  EventReader(std::string_view text, const std::string& file) : file_(file) {
    if (yaml_parser_initialize(&parser_) == 0)
      throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;
  EventReader(EventReader&&) = delete;
  EventReader& operator=(EventReader&&) = delete;
  ~EventReader() { yaml_parser_delete(&parser_); }

  /// Hands the next event to the builder; false at the end of the text.
  bool next(DocumentBuilder& builder) {
    yaml_event_t event;
    if (yaml_parser_parse(&parser_, &event) == 0)
      throw malformed();
    const Handle<yaml_event_t, yaml_event_delete> owner(&event);
    const auto at = mark(event.start_mark);
    switch (event.type) {
      case YAML_STREAM_END_EVENT:
        return false;
      case YAML_DOCUMENT_START_EVENT:
        builder.start_document(at);
        break;
      case YAML_ALIAS_EVENT:
        refuse_anchor(at);
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        refuse_extras(at, scalar.anchor, scalar.tag);
        builder.scalar(at,
                       scalar.style == YAML_PLAIN_SCALAR_STYLE,
                       {reinterpret_cast<const char*>(scalar.value), scalar.length});
        break;
      }
      case YAML_SEQUENCE_START_EVENT:
        refuse_extras(at, event.data.sequence_start.anchor, event.data.sequence_start.tag);
        builder.open(Node::Type::list, at);
        break;
      case YAML_MAPPING_START_EVENT:
        refuse_extras(at, event.data.mapping_start.anchor, event.data.mapping_start.tag);
        builder.open(Node::Type::map, at);
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        builder.close();
        break;
      default:
        break;
    }
    return true;
  }

 private:
  static Mark mark(const yaml_mark_t& mark) {
    return {static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
  }
  [[nodiscard]] Position position(Mark at) const { return {file_, at.line, at.column}; }

  [[nodiscard]] Error malformed() const {
    if (parser_.error == YAML_MEMORY_ERROR)
      throw std::bad_alloc();
    // The reader's own problems (a character YAML has no room for) come with no mark.
    const auto at = position(mark(parser_.problem_mark));
    auto error = error_at(at, cat("malformed YAML: ", parser_.problem));
    if (parser_.context != nullptr)
      error.detail(cat(parser_.context, " at ", position(mark(parser_.context_mark)).str()));
    return error;
  }

  [[noreturn]] void refuse_anchor(Mark at) const {
    throw error_at(position(at), "anchors and aliases are not used here")
        .hint("write the value out");
  }

  void refuse_extras(Mark at, const yaml_char_t* anchor, const yaml_char_t* tag) const {
    if (anchor != nullptr)
      refuse_anchor(at);
    if (tag != nullptr)
      throw error_at(
          position(at),
          cat("tags are not used here: '", printable(reinterpret_cast<const char*>(tag)), "'"));
  }

  const std::string& file_;
  yaml_parser_t parser_{};
};

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
  check_characters(text, file);
  DocumentBuilder builder(file);
  EventReader events(text, file);
  while (events.next(builder)) {
  }
  auto root = builder.take();
  if (!root || root->type == Node::Type::null)
    throw error_at({file, 1, 1}, "the file is empty");
  return std::move(*root);
}

}  // namespace cullet::workspace
