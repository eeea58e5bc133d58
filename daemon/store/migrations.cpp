#include "daemon/store/migrations.h"

#include <array>

namespace attune::store {
namespace {

constexpr const char* kSealedTable = "CREATE TABLE sealed(id INTEGER PRIMARY KEY, box BLOB)";

struct Migration {
  std::uint32_t to = 0;
  const char* sql = nullptr;
};
// Each takes a store of the version before, the first a new file. What is written here is never
// changed, only added to.
constexpr std::array kMigrations = {
    Migration{.to = 2, .sql = kSealedTable},
};
constexpr std::uint32_t kFirstVersion = kMigrations.front().to;
static_assert(kMigrations.back().to == kStoreVersion);

std::uint32_t version_of(const Database& database) {
  return static_cast<std::uint32_t>(database.number("PRAGMA user_version"));
}

}  // namespace

std::uint32_t read_version(const std::filesystem::path& file) {
  const DatabaseHeader header = read_header(file);
  if (header.application_id != kApplicationId)
    throw StoreError(StoreFault::kDamaged, "no store here");
  if (header.user_version > kStoreVersion) throw StoreError(StoreFault::kNewer, "store version");
  if (header.user_version == 0) throw StoreError(StoreFault::kDamaged, "a store never finished");
  if (header.user_version < kFirstVersion) throw StoreError(StoreFault::kDamaged, "store too old");
  // Of another SQLite the rest would be read well, and each write be refused.
  if (!header.log_to_write) throw StoreError(StoreFault::kDamaged, "a store not to be written");
  return header.user_version;
}

void migrate(Database& database) {
  const std::uint32_t version = version_of(database);
  if (version > kStoreVersion) throw StoreError(StoreFault::kNewer, "store version");
  if (version != 0 && version < kFirstVersion) {
    throw StoreError(StoreFault::kDamaged, "store too old");
  }
  for (const Migration& migration : kMigrations) {
    if (version_of(database) >= migration.to) continue;
    Transaction transaction(database);
    database.execute(migration.sql);
    database.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
    database.execute("PRAGMA user_version=" + std::to_string(migration.to));
    transaction.commit();
  }
}

void check_structure(const Database& database) {
  Statement rows(database, "SELECT sql FROM sqlite_schema");
  int count = 0;
  while (rows.step()) {
    ++count;
    if (rows.text(0) != kSealedTable) throw StoreError(StoreFault::kDamaged, "schema");
  }
  if (count != 1) throw StoreError(StoreFault::kDamaged, "schema");
  Statement check(database, "PRAGMA quick_check(1)");
  if (!check.step() || check.text(0) != "ok") throw StoreError(StoreFault::kDamaged, "structure");
}

}  // namespace attune::store
