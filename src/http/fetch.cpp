// SPDX-License-Identifier: Apache-2.0
#include "cullet/http/fetch.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>

#include <fcntl.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/parallel.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"
#include "cullet/http/backoff.hpp"
#include "cullet/http/client.hpp"
#include "cullet/http/url.hpp"

namespace cullet::http {
namespace {

constexpr std::string_view kFile = "file://";
constexpr std::size_t kBuffer = std::size_t{256} << 10U;
// A transfer that got this far before it broke was worth another full round of attempts.
constexpr std::uint64_t kWorthwhile = std::uint64_t{1} << 20U;

/// Bytes over all downloads, and whether the others should stop because one failed.
class Tally {
 public:
  Tally(std::uint64_t total, const std::function<void(std::uint64_t, std::uint64_t)>& report)
      : total_(total), report_(report) {}

  void add(std::uint64_t bytes) { change(bytes, 0, 0); }
  void take_back(std::uint64_t bytes) { change(0, bytes, 0); }
  void expect(std::uint64_t bytes) { change(0, 0, bytes); }

  std::atomic<bool> stop = false;

 private:
  void change(std::uint64_t plus, std::uint64_t minus, std::uint64_t more) {
    const std::lock_guard lock(mutex_);
    done_ = done_ + plus - minus;
    total_ += more;
    if (report_)
      report_(done_, std::max(done_, total_));
  }

  std::mutex mutex_;
  std::uint64_t done_ = 0, total_;
  const std::function<void(std::uint64_t, std::uint64_t)>& report_;
};

/// One URL that may have the bytes, and what became of it.
struct Candidate {
  std::string url, shown;
  std::string reason;
  bool dead = false;         ///< never has the right bytes, or not in time
  bool other_bytes = false;  ///< has wrong ones
  std::string etag;          ///< of the representation that the bytes so far came from
};

std::string show(const std::string& url) {
  if (url.starts_with(kFile))
    return printable(url);
  const auto parsed = Url::parse(url);
  return parsed ? parsed->shown() : "(not a URL)";
}

class Fetching {
 public:
  Fetching(Client& client,
           store::Store& store,
           const Download& download,
           const Cancel& cancel,
           Tally& tally)
      : client_(client), store_(store), download_(download), cancel_(cancel), tally_(tally) {
    for (const auto& url : download.urls)
      candidates_.push_back({.url = url, .shown = show(url), .reason = {}, .etag = {}});
  }

  void run() {
    Backoff backoff(client_.options(), cancel_);
    // Round after round, so that one mirror's outage costs no waiting while another works.
    for (;;) {
      std::optional<std::int64_t> pause;
      bool alive = false;
      const auto before = written_;
      for (auto& candidate : candidates_) {
        if (candidate.dead)
          continue;
        if (attempt(candidate, pause))
          return;
        alive = alive || !candidate.dead;
      }
      if (written_ >= before + kWorthwhile)
        backoff.progressed();
      if (!alive || !backoff.wait(pause))
        fail();
    }
  }

 private:
  /// Whether the blob is in the store now.
  bool attempt(Candidate& candidate, std::optional<std::int64_t>& pause) {
    // A whole that has other bytes than promised may owe them to what an earlier source began: this
    // one is asked once more from the start before it counts as wrong.
    const bool continued = written_ > 0;
    const bool ended =
        candidate.url.starts_with(kFile) ? read_file_url(candidate) : read_http(candidate, pause);
    if (!ended)
      return false;
    if (commit(candidate))
      return true;
    start_over();
    return continued && !candidate.dead && attempt(candidate, pause);
  }

  bool commit(Candidate& candidate) {
    try {
      writer().commit_as(download_.digest, download_.name);
      return true;
    } catch (const Error& error) {
      if (error.kind() != Kind::refused)
        throw;
      wrong(candidate, error.message());
      return false;
    }
  }

  /// Bytes that came in one piece are the candidate's own fault.
  void wrong(Candidate& candidate, const std::string& what) const {
    candidate.reason = cat("other bytes: ", what);
    candidate.other_bytes = candidate.dead = !joined_;
  }

  bool read_file_url(Candidate& candidate) {
    start_over();
    const auto file = open_file_url(candidate);
    if (!file)
      return false;
    FdSource source(file->get(), candidate.shown);
    return drain(source, candidate);
  }

  static std::optional<Fd> open_file_url(Candidate& candidate) {
    candidate.dead = true;
    const auto path = percent_decode(std::string_view(candidate.url).substr(kFile.size()));
    if (!path || !path->starts_with('/')) {
      candidate.reason = "not a file URL of this machine";
      return std::nullopt;
    }
    std::error_code failure;
    const auto status = std::filesystem::status(*path, failure);
    if (status.type() != std::filesystem::file_type::regular) {
      // Opening a fifo would wait for ever.
      candidate.reason =
          status.type() == std::filesystem::file_type::not_found ? "no such file" : "not a file";
      return std::nullopt;
    }
    try {
      auto file = open_file(*path, O_RDONLY);
      candidate.dead = false;
      return file;
    } catch (const Error& error) {
      candidate.reason = error.message();
      return std::nullopt;
    }
  }

  bool read_http(Candidate& candidate, std::optional<std::int64_t>& pause) {
    Request request;
    request.url = candidate.url;
    request.retry = false;
    if (written_ > 0) {
      request.headers.emplace("range", cat("bytes=", written_, "-"));
      if (!candidate.etag.empty())
        request.headers.emplace("if-range", candidate.etag);
    }
    auto stream = open(candidate, request);
    if (!stream)
      return false;
    const auto& response = stream->response;
    if (response.status / 100 != 2) {
      refuse(candidate, response, pause);
      return false;
    }
    joined_ = written_ > 0 && continues(response);
    if (!joined_)
      start_over();
    remember_etag(candidate, response);
    if (!announce(candidate, response))
      return false;
    return drain(*stream->body, candidate);
  }

  std::optional<Stream> open(Candidate& candidate, const Request& request) {
    try {
      return client_.open(request);
    } catch (const Error& error) {
      if (error.kind() != Kind::machine && error.kind() != Kind::input)
        throw;
      candidate.reason = error.message();
      candidate.dead = client_.offline() || error.kind() == Kind::input;
      return std::nullopt;
    }
  }

  void refuse(Candidate& candidate, const Response& response, std::optional<std::int64_t>& pause) {
    candidate.reason = cat("status ", response.status);
    if (response.status == 416 && written_ > 0) {
      start_over();  // it has fewer bytes than came from elsewhere
      return;
    }
    candidate.dead = !is_transient(response.status);
    const auto value = response.header("retry-after");
    const auto asked = value ? parse_retry_after(*value, client_.options().now) : std::nullopt;
    if (!asked || candidate.dead)
      return;
    // One that asks for more patience than there is must not stop the others.
    if (*asked > Backoff::kPatience) {
      candidate.dead = true;
      candidate.reason += cat(", and to come again in ", *asked, " s");
    } else {
      pause = std::min(pause.value_or(*asked), *asked);
    }
  }

  /// Whether a 206 goes on exactly where the bytes so far end.
  [[nodiscard]] bool continues(const Response& response) const {
    const auto range = response.header("content-range");
    return response.status == 206 && range && range->starts_with(cat("bytes ", written_, "-"));
  }

  static void remember_etag(Candidate& candidate, const Response& response) {
    const auto etag = response.header("etag");
    // A weak one doesn't promise the same bytes (RFC 9110, section 13.1.5).
    candidate.etag = etag && !etag->starts_with("W/") ? *etag : "";
  }

  bool announce(Candidate& candidate, const Response& response) {
    const auto text = response.header("content-length");
    const auto length = text ? parse_number(*text) : std::nullopt;
    if (!length)
      return true;
    if (!download_.size) {
      if (!expected_)
        tally_.expect(*length);
      expected_ = true;
      return true;
    }
    if (written_ + *length == *download_.size)
      return true;
    wrong(candidate, cat(written_ + *length, " of them, not ", *download_.size));
    start_over();
    return false;
  }

  /// Whether the source was read to its end.
  bool drain(Source& source, Candidate& candidate) {
    std::vector<std::byte> buffer(kBuffer);
    for (;;) {
      cancel_.check();
      if (tally_.stop)
        throw Error(Kind::machine, "another download failed");
      std::size_t count = 0;
      try {
        count = source.read(buffer);
      } catch (const Error& error) {
        if (error.kind() != Kind::machine)
          throw;
        candidate.reason = error.message();
        return false;
      }
      if (count == 0)
        return true;
      if (download_.size && written_ + count > *download_.size) {
        wrong(candidate, cat("more than ", *download_.size));
        start_over();
        return false;
      }
      writer().write(std::span(buffer).first(count));
      written_ += count;
      tally_.add(count);
    }
  }

  store::BlobWriter& writer() {
    if (!writer_)
      writer_.emplace(store_.new_blob());
    return *writer_;
  }

  void start_over() {
    writer_.reset();
    tally_.take_back(written_);
    written_ = 0;
    joined_ = false;
  }

  [[noreturn]] void fail() {
    const bool wrong = std::any_of(candidates_.begin(),
                                   candidates_.end(),
                                   [](const auto& candidate) { return candidate.other_bytes; });
    Error error(
        wrong ? Kind::refused : Kind::machine,
        wrong ? cat("no source has the bytes of ", download_.name, " (", download_.digest, ")")
              : cat("cannot fetch ", download_.name));
    for (const auto& candidate : candidates_)
      error.detail(candidate.reason.find(candidate.shown) == std::string::npos
                       ? cat(candidate.shown, ": ", candidate.reason)
                       : candidate.reason);
    if (candidates_.empty())
      error.detail("no URL to fetch it from is known");
    if (client_.offline())
      error.hint("run the command once without --offline, so that it is in the store");
    else if (wrong)
      error.hint("the file was changed after its digest was recorded, or on the way here");
    else
      error.hint("check the network and the proxy settings, then run the command again");
    throw error;
  }

  Client& client_;
  store::Store& store_;
  const Download& download_;
  const Cancel& cancel_;
  Tally& tally_;
  std::vector<Candidate> candidates_;
  std::optional<store::BlobWriter> writer_;
  std::uint64_t written_ = 0;
  bool joined_ = false;  ///< the bytes so far come from more than one answer
  bool expected_ = false;
};

std::vector<const Download*> missing(const store::Store& store,
                                     const std::vector<Download>& downloads) {
  std::vector<const Download*> result;
  std::set<BlobDigest> seen;
  for (const auto& download : downloads)
    if (seen.insert(download.digest).second && !store.has_blob(download.digest))
      result.push_back(&download);
  return result;
}

}  // namespace

void fetch(Client& client,
           store::Store& store,
           const std::vector<Download>& downloads,
           unsigned parallel,
           const Cancel& cancel,
           const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const auto wanted = missing(store, downloads);
  if (wanted.empty())
    return;
  std::uint64_t total = 0;
  for (const auto* download : wanted)
    total += download->size.value_or(0);
  Tally tally(total, progress);
  in_parallel(wanted.size(), parallel, [&](std::size_t index) {
    try {
      if (!tally.stop)
        Fetching(client, store, *wanted[index], cancel, tally).run();
    } catch (...) {
      // Only the failure that stops the rest is told; the others only obey.
      if (!tally.stop.exchange(true))
        throw;
    }
  });
}

}  // namespace cullet::http
