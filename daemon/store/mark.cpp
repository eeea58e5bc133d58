#include "daemon/store/mark.h"

#include <fcntl.h>
#include <unistd.h>

#include "daemon/store/durable_file.h"
#include "daemon/store/store_files.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

// A second name of the root's type: no row of the table has its id.
ByteView mark_name() { return as_bytes("mark"); }

}  // namespace

Mark::Mark(const std::filesystem::path& folder, Sealer& sealer)
    : file_(folder / kStoreMark), sealer_(sealer), id_(sealer.id(RecordType::kRoot, mark_name())) {}

Mark::~Mark() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<std::uint64_t> Mark::read() const {
  std::optional<Bytes> box;
  try {
    box = read_file(file_, 2 * limits::kRecordPadMin);
  } catch (const StoreError&) {
    return std::nullopt;
  }
  const auto record = box ? sealer_.open(id_, RecordType::kRoot, *box) : std::nullopt;
  if (!record) return std::nullopt;
  Reader reader(record->body);
  const std::uint64_t generation = reader.u64le();
  if (!reader.done()) return std::nullopt;
  return generation;
}

void Mark::write(std::uint64_t generation) noexcept {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  if (fd_ < 0) fd_ = ::open(file_.c_str(), kFlags, 0600);
  if (fd_ < 0) return;
  Bytes body;
  append_u64le(body, generation);
  const Bytes box = sealer_.seal(id_, RecordType::kRoot, mark_name(), body);
  // Always of the same size: a mark that a kill or a full disk cuts short is one that says nothing.
  if (::pwrite(fd_, box.data(), box.size(), 0) < 0) return;
}

}  // namespace attune::store
