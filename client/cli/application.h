#pragma once

namespace qalam::cli {

// Everything that `qalam` does: parses, runs one verb, prints what went wrong. Returns the exit
// code. Thread: main, once.
int RunQalam(int argc, char** argv);

}  // namespace qalam::cli
