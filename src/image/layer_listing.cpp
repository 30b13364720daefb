// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/layer_listing.hpp"

#include <atomic>
#include <charconv>
#include <map>

#include "cullet/base/error.hpp"
#include "cullet/base/parallel.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"

#include "layer_reader.hpp"
#include "listing_writer.hpp"

namespace cullet::image {

namespace {

using archive::Entry;
using archive::EntryType;

constexpr std::string_view kHeader = "cullet-layer 1\n";
constexpr std::string_view kTypes = "fdlh";
constexpr int kVersion = 1;

Key listing_key(const BlobDigest& layer) {
  return Key(canonical_digest(
      {{"action", "layer-listing"}, {"layer", layer.str()}, {"version", kVersion}}));
}

void append_lines(std::string& out, const LayerListing::Item& item) {
  const auto& entry = item.entry;
  out += kTypes[static_cast<std::size_t>(entry.type)];
  out += ' ';
  out += octal(entry.mode);
  out += ' ' + std::to_string(entry.uid) + ' ' + std::to_string(entry.gid) + ' ';
  if (entry.type == EntryType::file)
    out += std::to_string(entry.size) + ' ' + item.content.hex() + ' ';
  out += percent_escape(entry.path.str());
  if (entry.type == EntryType::symlink || entry.type == EntryType::hardlink)
    out += ' ' + percent_escape(entry.target);
  out += '\n';
  for (const auto& [name, value] : entry.xattrs)
    out += "x " + percent_escape(name) + ' ' + percent_escape(value) + '\n';
}

/// Takes a line's fields one after the other.
class Fields {
 public:
  Fields(std::string_view line, std::size_t number) : rest_(line), number_(number) {}

  std::string_view next() {
    if (ended_)
      refuse();
    const auto space = rest_.find(' ');
    const auto field = rest_.substr(0, space);
    ended_ = space == rest_.npos;
    rest_.remove_prefix(ended_ ? rest_.size() : space + 1);
    return field;
  }
  template <class Number>
  Number number(int base = 10) {
    const auto text = next();
    Number value{};
    const auto* const end = text.data() + text.size();
    const auto [at, problem] = std::from_chars(text.data(), end, value, base);
    if (problem != std::errc() || at != end)
      refuse();
    return value;
  }
  RelativePath path() {
    auto parsed = RelativePath::parse(percent_unescape(next()));
    if (!parsed)
      refuse();
    return std::move(*parsed);
  }
  void end() const {
    if (!ended_)
      refuse();
  }
  [[noreturn]] void refuse() const {
    throw Error(Kind::refused, cat("listing of a layer, line ", number_, ": it is malformed"));
  }

 private:
  std::string_view rest_;
  std::size_t number_;
  bool ended_ = false;
};

LayerListing::Item parse_item(EntryType type, Fields& fields) {
  const auto mode = fields.number<std::uint32_t>(8);
  const auto uid = fields.number<std::uint32_t>();
  const auto gid = fields.number<std::uint32_t>();
  std::uint64_t size = 0;
  Sha256 content;
  if (type == EntryType::file) {
    size = fields.number<std::uint64_t>();
    const auto parsed = Sha256::parse_hex(fields.next());
    if (!parsed)
      fields.refuse();
    content = *parsed;
  }
  Entry entry{.path = fields.path(),
              .type = type,
              .mode = mode,
              .uid = uid,
              .gid = gid,
              .size = size,
              .target = {},
              .xattrs = {}};
  if (type == EntryType::symlink || type == EntryType::hardlink)
    entry.target = percent_unescape(fields.next());
  return {std::move(entry), content};
}

/// Reads and verifies the layer.
LayerListing read_listing(Repository& repository, const Descriptor& layer, const Cancel& cancel) {
  LayerListing listing;
  read_layer(repository, layer, cancel, [&](const LayerVisit& at) {
    Sha256Hasher hasher;
    if (at.entry.type == EntryType::file)
      copy(at.body, hasher);
    listing.items.push_back(
        {at.entry, at.entry.type == EntryType::file ? hasher.finish() : Sha256()});
    return true;
  });
  return listing;
}

}  // namespace

std::string LayerListing::serialize() const {
  std::string out(kHeader);
  for (const auto& item : items)
    append_lines(out, item);
  return out;
}

LayerListing LayerListing::parse(std::string_view text) {
  if (!text.starts_with(kHeader))
    throw Error(Kind::refused, "listing of a layer: it begins with another line");
  LayerListing listing;
  std::string again;
  std::size_t item_start = kHeader.size();
  std::size_t number = 1;
  // An item's attributes follow it, so that it is held against its lines when the next one comes.
  const auto settle = [&](std::size_t end) {
    if (listing.items.empty())
      return;
    again.clear();
    append_lines(again, listing.items.back());
    if (again != text.substr(item_start, end - item_start))
      throw Error(Kind::refused,
                  cat("listing of a layer, line ", number, ": it is not in canonical form"));
  };
  std::size_t at = kHeader.size();
  while (at < text.size()) {
    const auto end = text.find('\n', at);
    if (end == text.npos)
      throw Error(Kind::refused, "listing of a layer: it does not end in a newline");
    Fields fields(text.substr(at, end - at), ++number);
    const auto type = fields.next();
    const auto kind = type.size() == 1 ? kTypes.find(type[0]) : kTypes.npos;
    if (kind != kTypes.npos) {
      settle(at);
      item_start = at;
      listing.items.push_back(parse_item(static_cast<EntryType>(kind), fields));
    } else if (type == "x" && !listing.items.empty()) {
      auto name = percent_unescape(fields.next());
      listing.items.back().entry.xattrs[std::move(name)] = percent_unescape(fields.next());
    } else {
      fields.refuse();
    }
    fields.end();
    at = end + 1;
  }
  settle(at);
  return listing;
}

std::optional<LayerListing> find_listing(const store::Store& store, const BlobDigest& layer) {
  const auto record = store.find_action(listing_key(layer));
  if (!record || record->blobs.size() != 1)
    return std::nullopt;
  try {
    return LayerListing::parse(store.read_blob(record->blobs[0], kMaxListingBytes));
  } catch (const Error& error) {
    if (error.kind() == Kind::interrupted)
      throw;
    return std::nullopt;  // damaged: the layer can be read again
  }
}

std::optional<store::Tree> find_listed_tree(const store::Store& store, const BlobDigest& layer) {
  const auto record = store.find_action(listing_key(layer));
  if (!record || !record->value.is_object() || !record->value.contains("tree") ||
      !record->value["tree"].is_string())
    return std::nullopt;
  const auto digest = TreeDigest::parse(record->value["tree"].get<std::string>());
  return digest ? store.find_tree(*digest) : std::nullopt;
}

ListingWriter::ListingWriter(store::Store& store, std::optional<TreeDigest> tree)
    : store_(store), tree_(tree), blob_(store.new_blob()), pending_(kHeader) {}

void ListingWriter::add(const LayerListing::Item& item) {
  constexpr std::size_t kPiece = std::size_t{64} << 10U;
  append_lines(pending_, item);
  if (pending_.size() >= kPiece)
    flush();
}

void ListingWriter::flush() {
  if (blob_.size() <= kMaxListingBytes)
    blob_.write(as_bytes(pending_));
  pending_.clear();
}

void ListingWriter::record(const BlobDigest& layer) {
  flush();
  if (blob_.size() > kMaxListingBytes)
    return;
  Json value{{"layer", layer.str()}};
  if (tree_)
    value["tree"] = tree_->str();
  store_.record_action(listing_key(layer),
                       {.value = std::move(value), .trees = {}, .blobs = {blob_.commit()}});
}

namespace {

/// Adds up what listings take, and throws where they are too much together: each layer is bounded,
/// but an image may have thousands.
class ListingBudget {
 public:
  explicit ListingBudget(std::uint64_t most) : most_(most) {}

  void take(const LayerListing& listing) {
    std::uint64_t bytes = listing.items.size() * sizeof(LayerListing::Item);
    for (const auto& [entry, content] : listing.items) {
      bytes += entry.path.str().size() + entry.target.size();
      for (const auto& [key, value] : entry.xattrs)
        bytes += kAttribute + key.size() + value.size();
    }
    if ((taken_ += bytes) > most_)
      throw Error(Kind::input, cat("the lists of its layers take more than ", human_size(most_)))
          .hint("it has millions of files, or names made to fill memory");
  }

 private:
  static constexpr std::uint64_t kAttribute = 64;  // what holding one costs besides
  const std::uint64_t most_;
  std::atomic<std::uint64_t> taken_ = 0;
};

}  // namespace

std::vector<LayerListing> list_layers(Repository& repository,
                                      const std::vector<Descriptor>& layers,
                                      store::Store* store,
                                      unsigned threads,
                                      const Cancel& cancel,
                                      std::uint64_t most_bytes) {
  std::map<BlobDigest, std::size_t> places;  // a layer may be there twice
  for (std::size_t index = 0; index < layers.size(); ++index)
    places.emplace(layers[index].digest, index);
  const std::vector<std::pair<BlobDigest, std::size_t>> distinct(places.begin(), places.end());
  std::vector<LayerListing> out(layers.size());
  ListingBudget budget(most_bytes);
  in_parallel(distinct.size(), threads, [&](std::size_t index) {
    cancel.check();
    const auto& [digest, place] = distinct[index];
    if (store != nullptr)
      if (auto known = find_listing(*store, digest)) {
        budget.take(*known);
        out[place] = std::move(*known);
        return;
      }
    out[place] = read_listing(repository, layers[place], cancel);
    budget.take(out[place]);
    if (store == nullptr)
      return;
    try {
      ListingWriter writer(*store);
      for (const auto& item : out[place].items)
        writer.add(item);
      writer.record(digest);
    } catch (const Error& error) {
      if (error.kind() != Kind::machine)
        throw;  // a full disk costs no more than reading the layer again
    }
  });
  for (std::size_t index = 0; index < layers.size(); ++index)
    if (const auto first = places.at(layers[index].digest); first != index) {
      budget.take(out[first]);
      out[index] = out[first];
    }
  return out;
}

}  // namespace cullet::image
