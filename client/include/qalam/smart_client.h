#pragma once

// The smart client: opens a directory, and becomes its owner or talks to whoever owns it. Several
// programs on one machine share a log so, without a server that somebody has to run; a server
// (qalamd) may take the directory over at any time, and back. Link qalam::embedded in place of
// qalam::client: it has all of that, too.
//   auto log = qalam::SmartClient::Open("./data").Value();
//   auto producer = log.NewProducer();  // As of any Client.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "qalam/client.h"

QALAM_BEGIN_NAMESPACE
class DirectoryPeer;  // Not public.

struct DirectoryOptions {
  // As ClientOptions'.
  std::string client_id = "qalam-cpp";
  std::chrono::milliseconds request_timeout{10'000};
  // How long Open looks for an owner that answers when it can't become the owner itself.
  std::chrono::milliseconds open_timeout{10'000};
  // How long an owner takes at most to finish what is under way before it lets go.
  std::chrono::milliseconds close_timeout{30'000};
  // False: only ever talk to an owner, never become one.
  bool may_own = true;
  // While this process owns the directory: HOST:PORT addresses to serve besides, and settings of
  // the broker, as in docs/reference/configuration.md.
  std::vector<std::string> listeners;
  std::map<std::string, std::string> settings;
  // As qalamd's options --adopt-copy and --force.
  bool adopt_copy = false;
  bool allow_network_file_system = false;
};

// Who owns a directory.
struct DirectoryOwner {
  std::string directory_id;
  std::int64_t owner_epoch = 0;  // One more with every owner.
  std::int64_t pid = 0;
  std::int64_t since_ms = 0;
  std::string program;
  std::string version;
  std::vector<std::string> addresses;  // HOST:PORT, where it serves others, too.
  std::int32_t proxies_count = 0;
};

enum class DirectoryRole {
  kOwner,    // This process has the broker inside.
  kProxy,    // Another process has.
  kSeeking,  // The owner is gone or does not answer; whatever is sent waits.
  kClosed,
};

// A Client of a directory. One process owns the directory, hosts the broker and serves the others
// on DIR/qalam.sock; when it goes, however it goes, one of the others becomes the owner and the
// rest follow. What is under way is sent again by producer id and sequence: nothing is lost or
// doubled, readers go on without a gap. An owner that is stopped (SIGSTOP) keeps the directory: the
// others' calls run into their deadlines.
// It must outlive the producers and readers made from it; what they have under way when it is
// closed fails. After fork() the child may not use it (FORKED).
// Thread: any, but Close and the destructor from one.
class QALAM_EXPORT SmartClient : public Client {
 public:
  // Makes the directory if it is missing. Nothing is changed in one that is refused. Errors:
  //   DIRECTORY_UNUSABLE   no directory, not writable, another user's, not empty and not ours, on a
  //                        network file system
  //   UNSUPPORTED_FORMAT   a newer version wrote it
  //   COPIED_DIRECTORY     a copy of another one
  //   METADATA_DAMAGED, METADATA_MISSING, WRONG_NODE, CORRUPTION, NO_SPACE, IO_ERROR
  //   UNREACHABLE          its owner does not answer ("pid", and "reason": "silent" if it is there)
  //   PERMISSION_DENIED    its owner is another user's process
  //   INVALID_CONFIG, PORT_IN_USE   of `settings` and `listeners`
  //   FORKED               this process is the child of one that used the library
  static Result<SmartClient> Open(const std::string& directory, DirectoryOptions options = {});
  // Who owns the directory now; asks it, changes nothing. Errors: UNREACHABLE ("reason": "absent"
  // or "refused": nobody owns it; "silent": it does not answer), NOT_FOUND, PERMISSION_DENIED,
  // DIRECTORY_UNUSABLE, METADATA_DAMAGED, UNSUPPORTED_FORMAT.
  static Result<DirectoryOwner> OwnerOf(const std::string& directory);

  SmartClient(SmartClient&&) noexcept;
  SmartClient& operator=(SmartClient&&) noexcept;
  ~SmartClient();  // Close.

  // The same as a plain Client, which this object must outlive.
  Client Share() const;
  DirectoryRole role() const;
  // As last heard of.
  DirectoryOwner owner() const;
  // An owner finishes what is under way, syncs, closes its socket and lets go of the directory, in
  // this order; another process then takes over. False if close_timeout passed before all was
  // clean: the next owner recovers. Calls that come later fail.
  bool Close();

 private:
  SmartClient(std::shared_ptr<ClusterClient> cluster, std::shared_ptr<DirectoryPeer> peer) noexcept;
  std::shared_ptr<DirectoryPeer> peer_;
};

QALAM_END_NAMESPACE
