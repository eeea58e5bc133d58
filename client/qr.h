#pragma once

#include <string>
#include <string_view>

namespace attune::client {

/// A QR code, level L, for a terminal: two modules a character cell, black on white in colours of
/// its own, so that a camera reads it on a dark terminal too. 114 letters and digits are 41 x 21
/// cells. Throws Failure (1) for a text that no QR code holds.
std::string qr_for_terminal(const std::string& text);

/// The same as a grey PNG.
std::string qr_as_png(const std::string& text);

/// Writes a new file that only this person can read. Throws Failure (2) where something is there
/// already, or it cannot be made.
void write_new_file(const std::string& path, std::string_view bytes);
/// Throws the same Failure where something is there already, to say it before anything is begun.
void refuse_existing(const std::string& path);

}  // namespace attune::client
