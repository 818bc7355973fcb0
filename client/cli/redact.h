#pragma once

#include <string>
#include <string_view>

namespace qalam::cli {

inline constexpr std::string_view kRedacted = "(redacted)";

// Whether a setting or variable of that name holds something that must not be passed on:
// "sasl.password", "API_TOKEN". Thread of all here: any.
bool IsSecretName(std::string_view name);

// `text` without what looks secret in it: the value behind a secret name and = or : (quoted ones
// stay quoted, so JSON stays JSON), user and password of a URL, what follows "Bearer" and "Basic",
// and PEM blocks.
std::string Redacted(std::string_view text);

// "ipv4:10.1.2.3:40122" becomes "ipv4:10.1.x.x", "ipv6:[2001:db8::1]:40122" "ipv6:2001:x"; other
// peers, as "unix:uid=1000", stay.
std::string ShortenedPeer(std::string_view peer);

}  // namespace qalam::cli
