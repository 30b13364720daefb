// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/json.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "cullet/base/error.hpp"

namespace cullet {

namespace {

constexpr std::size_t kMaxDepth = 64;

/// Runs over the text and tells how far the parser has read, which its callbacks don't say.
class TrackedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator(const char* at, const char** progress) : at_(at), progress_(progress) {}
  reference operator*() const { return *at_; }
  TrackedIterator& operator++() {
    *progress_ = ++at_;
    return *this;
  }
  bool operator==(const TrackedIterator& other) const { return at_ == other.at_; }
  bool operator!=(const TrackedIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** progress_;
};

/// Builds the value from the parser's events: nlohmann's own builder keeps the last of duplicate
/// keys and has no depth limit.
class Builder {
 public:
  Builder(std::string_view text, std::string_view what)
      : text_(text), what_(what), progress_(text.data()) {}

  Json run() {
    const char* const end = text_.data() + text_.size();
    Json::sax_parse(
        TrackedIterator(text_.data(), &progress_), TrackedIterator(end, &progress_), this);
    return std::move(root_);
  }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(Json::number_integer_t value) { return add(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
  bool number_float(Json::number_float_t value, const std::string& /*text*/) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t& /*value*/) { return false; }  // JSON text has none
  bool start_object(std::size_t /*size*/) { return open(Json::object()); }
  bool start_array(std::size_t /*size*/) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& value) {
    if (open_.back()->contains(value))
      fail(cat("key '", value, "' appears twice"));
    key_ = std::move(value);
    return true;
  }
  bool parse_error(std::size_t /*position*/,
                   const std::string& /*token*/,
                   const Json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: REASON", or without the
    // place; ours counts the same way and is in every error.
    std::string_view reason = error.what();
    if (const auto tag = reason.find("] "); tag != reason.npos)
      reason.remove_prefix(tag + 2);
    if (const auto place = reason.find(": ");
        reason.starts_with("parse error at") && place != reason.npos)
      reason.remove_prefix(place + 2);
    fail(reason);
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    const auto read = text_.substr(0, static_cast<std::size_t>(progress_ - text_.data()));
    // A newline that was just read still belongs to the line that it ends.
    const auto before = read.substr(0, read.empty() ? 0 : read.size() - 1);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const auto newline = before.rfind('\n');
    const auto start = newline == before.npos ? 0 : newline + 1;
    const auto column = std::max<std::size_t>(read.size() - start, 1);
    throw Error(Kind::input, cat(what_, ": line ", line, ", column ", column, ": ", reason));
  }

  Json* place(Json value) {
    if (open_.empty())
      return &(root_ = std::move(value));
    if (open_.back()->is_object())
      return &*open_.back()->emplace(std::move(key_), std::move(value)).first;
    return &open_.back()->emplace_back(std::move(value));
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json container) {
    if (open_.size() == kMaxDepth)
      fail(cat("nested deeper than ", kMaxDepth, " levels"));
    // The pointers stay valid: only the innermost container grows.
    open_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  std::string_view what_;
  const char* progress_;
  Json root_;
  std::vector<Json*> open_;
  std::string key_;
};

void check_canonical(const Json& value) {
  if (value.is_number_float())
    throw Error(Kind::internal, "a floating-point number has no canonical JSON");
  if (value.is_binary() || value.is_discarded())
    throw Error(Kind::internal, "a value that JSON does not know has no canonical JSON");
  if (value.is_structured())
    for (const auto& member : value)
      check_canonical(member);
}

const Json& member(const Json& object, const std::string& key, std::string_view what) {
  if (!object.is_object())
    throw Error(Kind::input, cat(what, " must be an object"));
  const auto found = object.find(key);
  if (found == object.end())
    throw Error(Kind::input, cat(what, ": '", key, "' is missing"));
  return *found;
}

const Json& require(bool right,
                    const Json& value,
                    const std::string& key,
                    std::string_view what,
                    std::string_view type) {
  if (!right)
    throw Error(Kind::input, cat(what, ": '", key, "' must be ", type));
  return value;
}

}  // namespace

std::string canonical(const Json& value) {
  check_canonical(value);
  try {
    return value.dump(-1, ' ', false, Json::error_handler_t::strict);
  } catch (const Json::type_error& error) {
    throw Error(Kind::internal,
                cat("text that is not UTF-8 has no canonical JSON: ", error.what()));
  }
}

Sha256 canonical_digest(const Json& value) {
  return sha256(canonical(value));
}

Json parse_json(std::string_view text, std::string_view what, std::uint64_t limit) {
  if (text.size() > limit)
    throw Error(Kind::input, cat(what, " is larger than ", limit, " bytes"));
  return Builder(text, what).run();
}

const std::string& string_at(const Json& object, const std::string& key, std::string_view what) {
  const auto& value = member(object, key, what);
  return require(value.is_string(), value, key, what, "a string").get_ref<const std::string&>();
}

std::uint64_t number_at(const Json& object, const std::string& key, std::string_view what) {
  const auto& value = member(object, key, what);
  const bool right =
      value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
  return require(right, value, key, what, "a whole number, 0 or more").get<std::uint64_t>();
}

const Json& object_at(const Json& object, const std::string& key, std::string_view what) {
  const auto& value = member(object, key, what);
  return require(value.is_object(), value, key, what, "an object");
}

const Json& array_at(const Json& object, const std::string& key, std::string_view what) {
  const auto& value = member(object, key, what);
  return require(value.is_array(), value, key, what, "an array");
}

std::string optional_string(const Json& object, const std::string& key, std::string_view what) {
  if (object.is_object() && !object.contains(key))
    return {};
  return string_at(object, key, what);
}

}  // namespace cullet
