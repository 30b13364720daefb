// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/change.hpp"

namespace cullet::build {

namespace {

/// Of the files outside, as many are named; the rest is counted.
constexpr std::size_t kNamedFiles = 20;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

std::string text_of(const Json& value) {
  return value.is_null() ? std::string() : value.get<std::string>();
}

bool refused(const ImageChange::File& file) {
  return !file.inside && !file.allowed;
}

/// Why a file outside changed, as far as the inputs of both images are known.
std::string cause(const ImageChange& change, const ImageChange::File& file) {
  const auto layer =
      std::find_if(change.layers.begin(), change.layers.end(), [&](const ImageChange::Layer& one) {
        return one.content == file.content;
      });
  if (layer == change.layers.end())
    return "the recipe says so";
  if (layer->inputs.empty())
    return "the image before was not made by this store: which input changed is not known";
  return cat("changed: ", join(layer->inputs, ", "));
}

}  // namespace

Json ImageChange::to_json() const {
  Json layer_list = Json::array();
  for (const auto& layer : layers) {
    Json one{{"content", layer.content},
             {"before", text_or_null(layer.before)},
             {"after", text_or_null(layer.after)},
             {"inside", layer.inside}};
    if (!layer.inputs.empty())
      one["inputs"] = layer.inputs;
    layer_list.push_back(std::move(one));
  }
  Json file_list = Json::array();
  for (const auto& file : files)
    file_list.push_back({{"path", printable(file.path)},
                         {"change", file.change},
                         {"what", file.what},
                         {"content", file.content},
                         {"layer", text_or_null(file.layer)},
                         {"inside", file.inside},
                         {"allowed", file.allowed}});
  return {{"recipe", recipe},
          {"before", text_or_null(before)},
          {"after", after},
          {"layers", std::move(layer_list)},
          {"files", std::move(file_list)}};
}

ImageChange ImageChange::from_json(const Json& json) {
  ImageChange change;
  change.recipe = json.at("recipe").get<std::string>();
  change.before = text_of(json.at("before"));
  change.after = json.at("after").get<std::string>();
  for (const auto& layer : json.at("layers"))
    change.layers.push_back({layer.at("content").get<std::string>(),
                             text_of(layer.at("before")),
                             text_of(layer.at("after")),
                             layer.at("inside").get<bool>(),
                             layer.value("inputs", std::vector<std::string>())});
  for (const auto& file : json.at("files"))
    change.files.push_back({file.at("path").get<std::string>(),
                            file.at("change").get<std::string>(),
                            file.at("what").get<std::string>(),
                            file.at("content").get<std::string>(),
                            text_of(file.at("layer")),
                            file.at("inside").get<bool>(),
                            file.at("allowed").get<bool>()});
  return change;
}

std::size_t ImageChange::outside() const {
  return static_cast<std::size_t>(std::count_if(files.begin(), files.end(), refused));
}

void ImageChange::demand_inside(const ChangeScope& scope) const {
  const auto count = outside();
  if (count == 0)
    return;
  Error error(Kind::refused,
              cat("the image '",
                  recipe,
                  "' changes outside of what the ",
                  plan::name(scope.because.what),
                  " ",
                  scope.because.name,
                  " reaches: ",
                  count,
                  count == 1 ? " file" : " files"));
  std::size_t named = 0;
  for (const auto& file : files) {
    if (!refused(file) || named++ >= kNamedFiles)
      continue;
    error.detail(
        cat(printable(file.path), ": ", file.change, file.what.empty() ? "" : ", ", file.what));
    error.detail(cat("  in ",
                     file.content.empty() ? "a layer of another maker" : file.content,
                     file.layer.empty() ? "" : " (layer " + file.layer + ")",
                     "; ",
                     cause(*this, file)));
  }
  if (named > kNamedFiles)
    error.detail(cat("and ", named - kNamedFiles, " more"));
  error.hint(
      "nothing was signed and no tag was moved; take the other change back, or build it on its own "
      "first");
  error.hint("if it belongs to this, allow it by name: --allow PATH");
  throw std::move(error);
}

}  // namespace cullet::build
