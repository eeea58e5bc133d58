#include "daemon/sync/hello_memory.h"

#include "proto/limits.h"

namespace attune::sync {

bool HelloMemory::remember(const Mac1& mac1) {
  if (!known_.insert(mac1).second) return false;
  order_.push_back(mac1);
  if (order_.size() > limits::kHelloMemory) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

}  // namespace attune::sync
