#include "tools/x509/http.h"

#include <curl/curl.h>

#include "tools/terminal/text.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {
namespace {

using CurlPtr = Owned<CURL, curl_easy_cleanup>;
using HeadersPtr = Owned<curl_slist, curl_slist_free_all>;

/// What an answer may take.
struct Limits {
  std::size_t bytes;
  long seconds;
};
constexpr Limits kShort{std::size_t{256} << 10U, 15}, kList{std::size_t{64} << 20U, 60};

struct Answer {
  Bytes bytes;
  std::size_t most = 0;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* target) {
  auto* answer = static_cast<Answer*>(target);
  if (answer->bytes.size() + size * count > answer->most) return 0;
  answer->bytes.insert(answer->bytes.end(), data, data + size * count);
  return size * count;
}

CurlPtr connection(const std::string& url, Limits limits, Answer& answer) {
  static const bool kReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  CurlPtr curl(kReady ? curl_easy_init() : nullptr);
  if (!curl) throw Failure(Kind::kInternal, "libcurl");
  answer.most = limits.bytes;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, limits.seconds);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  return curl;
}

Bytes perform(const std::string& url, const CurlPtr& curl, Answer& answer) {
  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK)
    throw Failure(Kind::kBadInput, fmt::format("{}: {}", clean(url), curl_easy_strerror(code)));
  if (status != 200) throw Failure(Kind::kBadInput, fmt::format("{}: HTTP {}", clean(url), status));
  return std::move(answer.bytes);
}

}  // namespace

Bytes http_post(const std::string& url, const std::string& content_type, BytesView request) {
  Answer answer;
  const CurlPtr curl = connection(url, kShort, answer);
  const HeadersPtr headers(curl_slist_append(nullptr, ("Content-Type: " + content_type).c_str()));
  if (!headers) throw std::bad_alloc();
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request.size()));
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.data());
  return perform(url, curl, answer);
}

Bytes http_get(const std::string& url) {
  Answer answer;
  const CurlPtr curl = connection(url, kList, answer);
  return perform(url, curl, answer);
}

}  // namespace kilt::tool
