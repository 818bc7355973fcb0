#pragma once

#include <memory>
#include <vector>

#include "common/mutex.h"

namespace qalam {

// Where batches for one partition may have arrived that nobody was woken for. While a group is on
// its way to the disk nothing can be done with them anyway; when its sync has returned, the writer
// looks here, and takes what it finds into the next group.
class Arrivals {
 public:
  class Source {
   public:
    virtual ~Source() = default;
    enum class Found { kNothing, kSomething, kEnded };
    // Posts what there is to the writer. kEnded: as after Settle, and it need not be settled. On
    // the writer's turn.
    virtual Found Look() = 0;
    // Nobody looks any more: from now on it must be woken for what comes. On the writer's turn.
    virtual void Settle() = 0;
  };

  // From now on the writer looks, until the source has settled; not one that is here already. It
  // has just posted something. False: no sync is under way, so nobody looks. Thread: any.
  bool Add(std::shared_ptr<Source> source);

  // Thread, of all that follows: the writer's turn.
  void Open();  // A sync is under way: what was found belongs to its group.
  // Lets every source look once. How many of those that had something for the last group have
  // nothing yet for the next.
  std::size_t Look();
  void Close();  // None is.

 private:
  struct Watched {
    std::shared_ptr<Source> source;
    int groups_without = 0;  // It had nothing for so many.
    bool found = false;      // Something for the next.
  };

  Mutex mutex_;
  bool open_ QALAM_GUARDED_BY(mutex_) = false;
  std::vector<Watched> watched_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
