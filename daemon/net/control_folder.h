#pragma once

#include <sys/types.h>

#include <filesystem>

#include "daemon/net/control_socket.h"
#include "daemon/net/fd.h"

namespace attune::net {

/// Makes the folder (0700) where it is missing. Throws ControlSocketRefused unless it is a folder,
/// no symbolic link, belongs to `owner` and gives nobody else a right; std::system_error where it
/// cannot be made.
void prepare_control_folder(const std::filesystem::path& folder, uid_t owner);

/// The listening socket of `settings`: the inherited one, or a new one at its path with mode 0600.
/// Throws ControlSocketRefused, std::system_error.
Fd open_control_listener(const ControlSettings& settings);

/// Whether a process of `owner` connected this Unix socket (SO_PEERCRED); false where it is not
/// known.
bool is_process_of(int fd, uid_t owner);

}  // namespace attune::net
