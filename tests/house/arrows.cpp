#include "tests/house/arrows.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <regex>
#include <set>

namespace attune::house {
namespace {

using Names = std::vector<std::string_view>;

// A room, what its quoted includes may begin with, and the targets of ours that it may link. An
// include is allowed where it begins with one of `sees`; a name that ends in .h is that one header.
struct Room {
  std::string_view folder;
  Names sees;
  Names links;
};

const std::vector<Room>& rooms() {
  static const std::vector<Room> kRooms = {
      {"proto",
       {"proto/", "attune/v1/"},
       {"attune_types", "attune_generated", "attune_proto", "attune_protos"}},
      {"crypto", {"crypto/", "proto/bytes.h", "proto/limits.h"}, {"attune_types", "attune_crypto"}},
      {"daemon/crdt",
       {"daemon/crdt/", "proto/", "crypto/hash.h", "crypto/labels.h"},
       {"attune_types", "attune_proto", "attune_crypto", "attune_crdt"}},
      {"daemon/couple",
       {"daemon/couple/", "daemon/crdt/", "proto/", "crypto/hash.h", "crypto/labels.h"},
       {"attune_types", "attune_proto", "attune_crypto", "attune_crdt", "attune_couple"}},
      {"daemon/sync",
       {"daemon/sync/", "daemon/couple/", "daemon/crdt/", "crypto/", "proto/", "attune/v1/"},
       {"attune_types", "attune_proto", "attune_generated", "attune_crypto", "attune_crdt",
        "attune_couple", "attune_sync"}},
      {"daemon/store",
       {"daemon/store/", "crypto/", "proto/"},
       {"attune_types", "attune_proto", "attune_crypto", "attune_store"}},
      {"daemon/net",
       {"daemon/net/", "proto/"},
       {"attune_types", "attune_proto", "attune_frame_stream", "attune_net"}},
      {"daemon/relay",
       {"daemon/relay/", "daemon/net/frame_stream.h", "daemon/net/fd.h", "crypto/", "proto/"},
       {"attune_types", "attune_proto", "attune_crypto", "attune_frame_stream", "attune_relay"}},
      {"daemon", {"daemon/", "crypto/", "proto/", "attune/v1/"}, {}},
      {"client",
       {"client/", "proto/", "attune/v1/"},
       {"attune_types", "attune_proto", "attune_generated", "attune_client"}},
      {"tests", {"tests/", "daemon/", "client/", "crypto/", "proto/", "attune/v1/"}, {}},
  };
  return kRooms;
}

bool is_within(std::string_view folder, std::string_view room) {
  return folder == room || (folder.starts_with(room) && folder[room.size()] == '/');
}

// The first room of the table that holds the folder, so an inner room stands above an outer one.
const Room* room_of(std::string_view folder) {
  auto at = std::ranges::find_if(
      rooms(), [folder](const Room& room) { return is_within(folder, room.folder); });
  return at == rooms().end() ? nullptr : &*at;
}

bool is_allowed(std::string_view include, const Names& sees) {
  return std::ranges::any_of(sees, [include](std::string_view seen) {
    return seen.ends_with(".h") ? include == seen : include.starts_with(seen);
  });
}

struct Include {
  std::size_t line = 0;
  bool quoted = false;
  std::string target;
};

std::vector<Include> includes_of(const SourceFile& file) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<Include> out;
  std::size_t number = 0;
  for (std::string_view line : file.lines()) {
    ++number;
    std::match_results<std::string_view::const_iterator> match;
    if (std::regex_search(line.begin(), line.end(), match, kInclude)) {
      out.push_back({.line = number, .quoted = match.str(1) == "\"", .target = match.str(2)});
    }
  }
  return out;
}

std::string place(const SourceFile& file, std::size_t line) {
  return file.path + ':' + std::to_string(line) + ": ";
}

bool is_generated(std::string_view include) { return include.ends_with(".pb.h"); }

bool is_pure(const SourceFile& file) {
  for (std::string_view room : {"daemon/crdt", "daemon/couple", "daemon/sync"}) {
    if (is_within(file.folder(), room)) return true;
  }
  if (file.folder() != "daemon/relay") return false;
  for (std::string_view noun : {"allowances.", "mailboxes.", "pipe_meeting.", "subscriptions."}) {
    if (file.name().starts_with(noun)) return true;
  }
  return false;
}

bool may_see_generated(const SourceFile& file) {
  const std::string_view folder = file.folder();
  if (is_within(folder, "tests") || is_within(folder, "client") || folder == "daemon") return true;
  if (file.is_header()) return false;
  return folder == "proto" || (folder == "daemon/sync" && file.name().ends_with("_codec.cpp"));
}

}  // namespace

Faults wrong_includes(std::span<const SourceFile> tree) {
  std::set<std::string_view> paths;
  for (const SourceFile& file : tree) paths.insert(file.path);
  Faults faults;
  for (const SourceFile& file : tree) {
    const Room* room = room_of(file.folder());
    for (const Include& include : includes_of(file)) {
      if (!include.quoted) continue;
      const std::string start = place(file, include.line) + '"' + include.target + "\" ";
      if (room == nullptr) {
        faults.push_back(start + "is included from a folder that is no room");
      } else if (!is_allowed(include.target, room->sees)) {
        faults.push_back(start + "is out of sight of " + std::string(room->folder));
      } else if (!is_generated(include.target) && !paths.contains(include.target) &&
                 !paths.contains(include.target + ".in")) {
        faults.push_back(start + "is not there; includes start at the repository's root");
      }
    }
  }
  return faults;
}

Faults stray_generated_code(std::span<const SourceFile> tree) {
  Faults faults;
  for (const SourceFile& file : tree) {
    if (may_see_generated(file)) continue;
    for (const Include& include : includes_of(file)) {
      if (is_generated(include.target) || include.target.starts_with("google/protobuf/")) {
        if (!file.is_header() && file.folder() == "proto") continue;
        faults.push_back(place(file, include.line) + include.target +
                         " belongs into the .cpp of proto, a sync codec, the driver or the client");
      }
    }
  }
  return faults;
}

Faults impure_rooms(std::span<const SourceFile> tree) {
  static const std::regex kHeaders(
      "asio.*|sqlite3\\.h|thread|stop_token|mutex|shared_mutex|condition_variable|future|semaphore|"
      "fstream|iostream|filesystem|cstdio|stdio\\.h|ctime|time\\.h|random|sodium\\.h|spdlog/.*|"
      "unistd\\.h|fcntl\\.h|sys/.*|net/.*|netinet/.*|arpa/.*|systemd/.*");
  static const std::regex kCalls(
      R"re(_clock\s*::\s*now|\btime\s*\(\s*(0|NULL|nullptr|&)|\b(clock_)?gettime(ofday)?\s*\(|)re"
      R"re(random_device|randombytes|\brand\s*\(|\bgetenv\s*\(|\bthread_local\b)re");
  Faults faults;
  for (const SourceFile& file : tree) {
    if (!is_pure(file)) continue;
    for (const Include& include : includes_of(file)) {
      if (!include.quoted && std::regex_match(include.target, kHeaders)) {
        faults.push_back(place(file, include.line) + '<' + include.target +
                         "> brings the world into a pure room");
      }
    }
    std::size_t number = 0;
    for (std::string_view line : file.lines()) {
      ++number;
      const std::string code(without_comment(line));
      std::smatch match;
      if (std::regex_search(code, match, kCalls)) {
        faults.push_back(place(file, number) + match.str() + " brings the world into a pure room");
      }
    }
  }
  return faults;
}

Faults wrong_links(std::span<const SourceFile> tree) {
  static const std::regex kTarget("\\battune_[a-z_]+");
  static const std::set<std::string> kEverywhere = {"attune_build", "attune_hardening"};
  Faults faults;
  for (const SourceFile& file : tree) {
    if (file.name() != "CMakeLists.txt") continue;
    const Room* room = room_of(file.folder());
    if (room == nullptr || room->links.empty()) continue;
    std::size_t number = 0;
    for (std::string_view line : file.lines()) {
      ++number;
      const std::string code(line.substr(0, line.find('#')));
      for (std::sregex_iterator at(code.begin(), code.end(), kTarget), end; at != end; ++at) {
        const std::string target = at->str();
        if (kEverywhere.contains(target) ||
            std::ranges::find(room->links, target) != room->links.end()) {
          continue;
        }
        faults.push_back(place(file, number) + target + " is no neighbour of " +
                         std::string(room->folder));
      }
    }
  }
  return faults;
}

}  // namespace attune::house
