#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "daemon/store/store_error.h"
#include "proto/bytes.h"

/// Small files that are whole or as before, whatever happens. Functions here throw StoreError:
/// kFull where there is no space, kIo for the rest.
namespace attune::store {

/// At most `size_max` bytes; nullopt where there is no such file.
std::optional<Bytes> read_file(const std::filesystem::path& file, std::size_t size_max);

/// The two halves of replacing a file. All that needs space is in the first, so that several files
/// are replaced together: first each is prepared, then each is finished. prepare: a temporary file
/// beside it (0600), fsync.
void prepare_replacement(const std::filesystem::path& file, ByteView bytes);
/// finish: rename, fsync of the folder; then overwrites the bytes that stood in the replaced file.
/// Durable when it returns.
void finish_replacement(const std::filesystem::path& file);

/// Overwrites the file in place and removes it, with an fsync after each; false where it is not
/// there.
bool destroy_file(const std::filesystem::path& file);

/// Removes without overwriting; nothing where it is not there.
void remove_file(const std::filesystem::path& file);

/// The name under which `file` is prepared. What a crash leaves there is destroyed by the next
/// preparation.
std::filesystem::path temporary_of(const std::filesystem::path& file);

/// Makes names in a folder durable.
void sync_folder(const std::filesystem::path& folder);

}  // namespace attune::store
