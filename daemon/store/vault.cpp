#include "daemon/store/vault.h"

#include <exception>
#include <vector>

#include "daemon/store/durable_file.h"
#include "daemon/store/store_files.h"

namespace attune::store {
namespace {

// One byte more than any slot may have, so that what is too long shows.
std::optional<Bytes> read_copy(const std::filesystem::path& file) {
  return read_file(file, kSlotFileBytesMax + 1);
}

void replace_all(const std::vector<std::filesystem::path>& files, ByteView bytes) {
  for (const auto& file : files) prepare_replacement(file, bytes);
  for (const auto& file : files) finish_replacement(file);
}

// Does every step, whatever fails, and throws the first failure afterwards.
class Insistent {
 public:
  template <typename Step>
  void attempt(Step step) {
    try {
      step();
    } catch (const StoreError&) {
      if (!failure_) failure_ = std::current_exception();
    }
  }
  void finish() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::exception_ptr failure_;
};

}  // namespace

std::optional<Slot> Vault::read() const {
  bool is_any_there = false;
  bool is_any_newer = false;
  bool are_of_two_stores = false;
  std::optional<Slot> first_whole;
  // A copy on a bad sector is what the other copy is for.
  std::optional<StoreError> unreadable;
  for (const char* name : kSlotFiles) {
    try {
      const auto bytes = read_copy(folder_ / name);
      if (!bytes) continue;
      is_any_there = true;
      const DecodedSlot decoded = decode_slot(*bytes);
      is_any_newer = is_any_newer || decoded.reading == SlotReading::kNewer;
      if (!first_whole) first_whole = decoded.slot;
      are_of_two_stores = are_of_two_stores ||
                          (decoded.slot && decoded.slot->header.store != first_whole->header.store);
    } catch (const StoreError& error) {
      if (!unreadable) unreadable = error;
    }
  }
  if (is_any_newer) throw StoreError(StoreFault::kNewer, "key slot");
  if (are_of_two_stores) throw StoreError(StoreFault::kDamaged, "key slots of two stores");
  if (first_whole) return first_whole;
  if (unreadable) throw *unreadable;
  if (is_any_there) throw StoreError(StoreFault::kDamaged, "key slot");
  return std::nullopt;
}

void Vault::write(const Slot& slot) {
  std::vector<std::filesystem::path> files;
  for (const char* name : kSlotFiles) files.push_back(folder_ / name);
  replace_all(files, encode_slot(slot));
  remove_file(folder_ / kUnfinished);
}

void Vault::repair(const Slot& slot) {
  const Bytes bytes = encode_slot(slot);
  std::vector<std::filesystem::path> others;
  for (const char* name : kSlotFiles) {
    destroy_file(temporary_of(folder_ / name));
    if (read_copy(folder_ / name) != bytes) others.push_back(folder_ / name);
  }
  replace_all(others, bytes);
  remove_file(folder_ / kUnfinished);
}

void Vault::wipe() {
  // A full disk takes no mark; without it a wipe that is cut short leaves a store that init
  // refuses.
  try {
    prepare_replacement(folder_ / kUnfinished, {});
    finish_replacement(folder_ / kUnfinished);
  } catch (const StoreError& error) {
    if (error.fault() != StoreFault::kFull) throw;
  }
  Insistent steps;
  for (const char* name : kSlotFiles) {
    steps.attempt([&] { destroy_file(folder_ / name); });
    steps.attempt([&] { destroy_file(temporary_of(folder_ / name)); });
  }
  for (const char* name : {kStoreFile, kStoreLog, kStoreMark, kStoreStray[0], kStoreStray[1]}) {
    steps.attempt([&] { remove_file(folder_ / name); });
  }
  steps.attempt([&] { remove_file(temporary_of(folder_ / kStoreFile)); });
  steps.finish();
  remove_file(temporary_of(folder_ / kUnfinished));
  remove_file(folder_ / kUnfinished);
}

}  // namespace attune::store
