#pragma once

#include <elf.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace attune::hardening {

/// What an ELF64 file of this machine says of how it is to be loaded. Throws std::runtime_error for
/// a file that is none.
class ElfProgram {
 public:
  explicit ElfProgram(const std::string& file);

  [[nodiscard]] bool is_position_independent() const;  ///< ET_DYN, and marked as a program
  [[nodiscard]] bool binds_at_start() const;           ///< no symbol is looked up later
  [[nodiscard]] bool has_relro() const;
  [[nodiscard]] bool has_plain_stack() const;  ///< named, and not executable
  /// Nothing is both writable and executable, and no code is changed by the loader.
  [[nodiscard]] bool keeps_code_apart() const;
  [[nodiscard]] bool has_library_path() const;  ///< looks for libraries where it was built
  [[nodiscard]] bool has_shadow_stack_mark() const;
  /// Functions of other files that it calls.
  [[nodiscard]] const std::set<std::string>& imports() const { return imports_; }

  struct Function {
    std::string name;                   ///< mangled
    bool takes_indirect_jumps = false;  ///< begins with endbr64
  };
  /// Global functions defined here. Requires a symbol table.
  [[nodiscard]] const std::vector<Function>& functions() const { return functions_; }

 private:
  template <typename Value>
  [[nodiscard]] Value at(std::uint64_t offset) const;
  template <typename Value>
  [[nodiscard]] std::vector<Value> table(std::uint64_t offset, std::uint64_t size) const;
  [[nodiscard]] std::string text(std::uint64_t offset) const;
  [[nodiscard]] const Elf64_Phdr* segment(std::uint32_t type) const;
  [[nodiscard]] std::uint64_t dynamic(std::int64_t tag) const;
  void read_symbols(const Elf64_Shdr& section, const Elf64_Shdr& names);

  std::string bytes_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Dyn> dynamic_;
  std::set<std::string> imports_;
  std::vector<Function> functions_;
};

}  // namespace attune::hardening
