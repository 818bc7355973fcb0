#include "client/cli/redact.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace qalam::cli {
namespace {

constexpr std::array<std::string_view, 12> kSecretWords = {
    "password", "passwd", "passphrase", "secret",    "credential",    "token",
    "apikey",   "jaas",   "privatekey", "accesskey", "authorization", "cookie"};
constexpr std::string_view kPemBegin = "-----BEGIN ";
constexpr std::string_view kPemEnd = "-----END ";
constexpr std::string_view kValue = "value=";
constexpr std::string_view kDashes = "-----";

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
}
// What ends a value without quotes.
bool EndsValue(char c) {
  return IsSpace(c) || std::string_view(",;&\"'<>{}[]()").find(c) != std::string_view::npos;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool IsScheme(std::string_view word) {
  const std::string lower = Lower(word);
  return lower == "bearer" || lower == "basic";
}

// Walks over a text and writes what may be shown of it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  std::string Run() {
    while (at_ < text_.size()) {
      if (text_.compare(at_, kPemBegin.size(), kPemBegin) == 0) {
        SkipPem();
      } else if (text_.compare(at_, 3, "://") == 0) {
        Keep(3);
        SkipUserOfUrl();
      } else if (IsNameCharacter(text_[at_])) {
        Word();
      } else {
        Keep(1);
      }
    }
    return std::move(out_);
  }

 private:
  void Keep(std::size_t size) {
    out_ += text_.substr(at_, size);
    at_ += size;
  }
  std::size_t EndOf(bool (*belongs)(char), std::size_t begin) const {
    while (begin < text_.size() && belongs(text_[begin])) ++begin;
    return begin;
  }

  void SkipPem() {
    std::size_t end = text_.find(kPemEnd, at_);
    if (end != std::string_view::npos) end = text_.find(kDashes, end + kPemEnd.size());
    at_ = end == std::string_view::npos ? text_.size() : end + kDashes.size();
    out_ += kRedacted;
  }

  void SkipUserOfUrl() {
    for (std::size_t i = at_; i < text_.size(); ++i) {
      if (text_[i] == '@') {
        out_ += kRedacted;
        at_ = i;
        return;
      }
      if (EndsValue(text_[i]) || text_[i] == '/' || text_[i] == '?') return;
    }
  }

  void Word() {
    const std::size_t end = EndOf(IsNameCharacter, at_);
    const std::string_view word = text_.substr(at_, end - at_);
    Keep(word.size());
    if (IsScheme(word)) {
      const std::size_t begin = EndOf(IsSpace, at_);
      if (begin == at_ || begin == text_.size()) return;
      Keep(begin - at_);
      SkipValue(false);
    } else if (IsSecretName(word)) {
      Value();
    }
  }

  // Behind a secret name: `"`, spaces, = or :, spaces, and the value. Also " value=" (our log says
  // "key=sasl.password value=x").
  void Value() {
    std::size_t i = at_;
    const bool was_quoted = i < text_.size() && text_[i] == '"';
    if (was_quoted) ++i;
    i = EndOf(IsSpace, i);
    if (text_.compare(i, kValue.size(), kValue) == 0) i += kValue.size() - 1;
    if (i == text_.size() || (text_[i] != '=' && text_[i] != ':')) return;
    i = EndOf(IsSpace, i + 1);
    if (i == text_.size()) return;
    Keep(i - at_);
    SkipValue(was_quoted);
  }

  void SkipValue(bool quote_it) {
    const char first = text_[at_];
    if (first == '"' || first == '\'') {
      std::size_t end = at_ + 1;
      while (end < text_.size() && text_[end] != first) end += text_[end] == '\\' ? 2 : 1;
      at_ = std::min(end + 1, text_.size());
      out_ += first + std::string(kRedacted) + first;
      return;
    }
    std::size_t end = EndOf([](char c) { return !EndsValue(c); }, at_);
    if (end == at_) return;
    if (IsScheme(text_.substr(at_, end - at_))) {
      end = EndOf([](char c) { return !EndsValue(c); }, EndOf(IsSpace, end));
    }
    at_ = end;
    out_ += quote_it ? '"' + std::string(kRedacted) + '"' : std::string(kRedacted);
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

bool IsSecretName(std::string_view name) {
  std::string letters = Lower(name);
  letters.erase(std::remove_if(letters.begin(), letters.end(),
                               [](char c) { return c == '_' || c == '.' || c == '-'; }),
                letters.end());
  return std::any_of(kSecretWords.begin(), kSecretWords.end(), [&](std::string_view word) {
    return letters.find(word) != std::string::npos;
  });
}

std::string Redacted(std::string_view text) { return Scanner(text).Run(); }

std::string ShortenedPeer(std::string_view peer) {
  if (peer.compare(0, 5, "ipv4:") == 0) {
    std::size_t dot = peer.find('.');
    if (dot != std::string_view::npos) dot = peer.find('.', dot + 1);
    return dot == std::string_view::npos ? "ipv4:x" : std::string(peer.substr(0, dot)) + ".x.x";
  }
  if (peer.compare(0, 5, "ipv6:") == 0) {
    const bool brackets = peer.size() > 5 && (peer[5] == '[' || peer[5] == '%');
    const std::size_t begin = brackets ? peer.find_first_not_of("[%5B", 5) : 5;
    if (begin == std::string_view::npos) return "ipv6:x";
    return "ipv6:" + std::string(peer.substr(begin, peer.find(':', begin) - begin)) + ":x";
  }
  return std::string(peer);
}

}  // namespace qalam::cli
