#include <nlohmann/json.hpp>

#include <cctype>
#include <cstdio>
#include <memory>

#include "broker/tools/log_verify.h"
#include "client/cli/verbs.h"
#include "common/error.h"
#include "common/nearest_name.h"

namespace qalam::cli {
namespace {

int Explain(const Session& session, std::string word) {
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto code = core::ErrorCodeFromWord(word);
  if (!code) {
    std::vector<std::string_view> words;
    for (const core::ErrorInfo& info : core::AllErrors()) words.push_back(info.word);
    std::map<std::string, std::string> details = {{"word", word}};
    if (const auto nearest = NearestName(word, words); !nearest.empty())
      details["nearest"] = nearest;
    return session.Fail(abi0::Error("NOT_FOUND", "no error is called " + word, false,
                                    "docs/reference/errors.md lists all of them.", details, ""));
  }
  const core::ErrorInfo& info = core::InfoOf(*code);
  if (session.json()) {
    PrintJson({{"code", std::string(info.word)},
               {"meaning", std::string(info.meaning)},
               {"remedy", std::string(info.remedy)},
               {"retriable", info.retriable},
               {"exit", info.cli_exit}});
    return 0;
  }
  std::printf(
      "%s\n  %s\n  What to do: %s\n  %s; exit code %d\n", std::string(info.word).c_str(),
      std::string(info.meaning).c_str(), std::string(info.remedy).c_str(),
      info.retriable ? "Safe to try again unchanged" : "Trying again unchanged does not help",
      info.cli_exit);
  return 0;
}

}  // namespace

int PrintVersion(const Session& session) {
  if (session.json())
    PrintJson({{"qalam", abi0::Version()}, {"wire", "qalam.v1"}, {"format", kLogFormat}});
  else
    std::printf("qalam %s (wire qalam.v1, format %d)\n", abi0::Version(), kLogFormat);
  return 0;
}

void AddExplain(CLI::App& root, Session& session, Action& chosen) {
  const auto word = std::make_shared<std::string>();
  auto* verb = AddVerb(
      root, "explain", "what an error word means and what to do",
      {"qalam explain UNKNOWN_TOPIC", "qalam explain no_space", "qalam explain AMBIGUOUS -o json"},
      chosen, [&session, word] { return Explain(session, *word); });
  verb->add_option("word", *word, "as errors print it; small letters will do")->required();

  AddVerb(root, "version", "versions of program, wire and files",
          {"qalam version", "qalam version -o json", "qalamd --version"}, chosen,
          [&session] { return PrintVersion(session); });
}

}  // namespace qalam::cli
