#include "daemon/store/mark.h"

#include <fcntl.h>
#include <unistd.h>

#include "daemon/store/durable_file.h"
#include "daemon/store/store_files.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

constexpr std::size_t kBoxBytes = 24 + limits::kRecordPadMin + 16;

}  // namespace

Mark::Mark(const std::filesystem::path& folder, Sealer& sealer)
    : file_(folder / kStoreMark), sealer_(sealer) {}

Mark::~Mark() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<std::uint64_t> Mark::read() const {
  std::optional<Bytes> box;
  try {
    box = read_file(file_, 2 * kBoxBytes);
  } catch (const StoreError&) {
    return std::nullopt;
  }
  const auto body = box ? sealer_.open(BoxKind::kMark, kRootRow, *box) : std::nullopt;
  if (!body) return std::nullopt;
  Reader reader(*body);
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
  const Bytes box = sealer_.seal(BoxKind::kMark, kRootRow, body);
  // Always of the same size: a mark that a kill or a full disk cuts short is one that says nothing.
  if (::pwrite(fd_, box.data(), box.size(), 0) < 0) return;
}

}  // namespace attune::store
