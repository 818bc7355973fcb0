#pragma once

namespace qalam {

// qalamd from the command line to the exit code: settings, signals, the broker, its listeners, and
// an orderly stop. Does not return before everything is stopped. Exit codes: exit_code.h.
int RunBrokerProcess(int argc, const char* const* argv);

}  // namespace qalam
