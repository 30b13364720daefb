// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cullet {

/// Why a command could not go on. Each kind is one exit status (exit_status()).
enum class Kind {
  input,        ///< the recipe, fork, lock, image or archive is wrong: 1
  usage,        ///< the command line is wrong: 2
  refused,      ///< a check said no (digest, signature, test, reproducibility): 3
  machine,      ///< the machine or a service failed (disk full, registry down, no namespaces): 4
  step,         ///< a step of a recipe failed: 5
  interrupted,  ///< SIGINT or SIGTERM: 130
  internal,     ///< a bug in cullet: 70
};

int exit_status(Kind kind) noexcept;

/// Appends one part of cat(). Texts and integers don't need a stream, which costs much more.
template <class Part>
void append_to(std::string& text, const Part& part) {
  if constexpr (std::is_convertible_v<const Part&, std::string_view>) {
    text += std::string_view(part);
  } else if constexpr (std::is_same_v<Part, char>) {
    text += part;
  } else if constexpr (std::is_integral_v<Part> && sizeof(Part) > 1) {
    text += std::to_string(part);
  } else {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << part;
    text += out.str();
  }
}

/// Concatenates anything that has operator<<. Numbers are printed without locale grouping.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string text;
  (append_to(text, parts), ...);
  return text;
}

/// The one exception of the project: what failed, where (context, innermost first), and what to
/// do next (hints). Absence is std::optional and a verdict is a struct; neither is an Error.
class Error : public std::exception {
 public:
  Error(Kind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  /// Adds "hint: TEXT": what the user can do next.
  Error& hint(std::string text) &;
  Error&& hint(std::string text) &&;
  /// Adds an indented line right below the message: a fact about the failure.
  Error& detail(std::string text) &;
  Error&& detail(std::string text) &&;
  /// Adds "while TEXT": what was being done. Called from the inside out, by with_context().
  void add_context(std::string text);

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::vector<std::string>& details() const noexcept { return details_; }
  [[nodiscard]] const std::vector<std::string>& contexts() const noexcept { return contexts_; }
  [[nodiscard]] const std::vector<std::string>& hints() const noexcept { return hints_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

  /// The whole error as a user reads it: "error: …", details, "  while …", "hint: …"; ends with a
  /// newline. Control characters from outside are escaped, so that they can't drive a terminal.
  /// A detail may have several lines, all of them indented; everything else is one line.
  [[nodiscard]] std::string render() const;

 private:
  Kind kind_;
  std::string message_;
  std::vector<std::string> details_;
  std::vector<std::string> contexts_;
  std::vector<std::string> hints_;
};

/// The error for a failed system call: `what` (as "cannot open /x"), then errno's text. ENOSPC,
/// EDQUOT, EMFILE and EACCES get their hint. `error_number` is errno at the failure.
Error system_error(std::string_view what, int error_number, Kind kind = Kind::machine);

/// Runs `work`; an Error that leaves it gets the context line "while DOING". `doing` is a string
/// or a callable that returns one (built only on failure).
template <class Doing, class Work>
auto with_context(Doing&& doing, Work&& work) -> std::invoke_result_t<Work> {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    if constexpr (std::is_invocable_v<Doing>)
      error.add_context(doing());
    else
      error.add_context(std::string(std::forward<Doing>(doing)));
    throw;
  }
}

}  // namespace cullet
