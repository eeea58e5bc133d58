#pragma once

/// The names in the store's folder. Source: docs/storage.md, Files.
namespace attune::store {

inline constexpr const char* kStoreFile = "store.db";
inline constexpr const char* kStoreLog = "store.db-wal";
inline constexpr const char* kStoreMark = "store.mark";
/// Not made by this program's way of opening; removed by a wipe where something else made them.
inline constexpr const char* kStoreStray[] = {"store.db-shm", "store.db-journal"};
inline constexpr const char* kSlotFiles[] = {"keys.1", "keys.2"};
/// Stands while an init or a wipe is under way: without a slot, the store beside it is nobody's.
inline constexpr const char* kUnfinished = "unfinished";

}  // namespace attune::store
