#include "tests/hardening/elf_program.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace attune::hardening {
namespace {

constexpr std::string_view kEndbr64 = "\xf3\x0f\x1e\xfa";

std::string contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

template <typename Value>
Value ElfProgram::at(std::uint64_t offset) const {
  Value value{};
  if (offset > bytes_.size() || bytes_.size() - offset < sizeof value) {
    throw std::runtime_error("an ELF file that is cut");
  }
  std::memcpy(&value, bytes_.data() + offset, sizeof value);
  return value;
}

template <typename Value>
std::vector<Value> ElfProgram::table(std::uint64_t offset, std::uint64_t size) const {
  std::vector<Value> out;
  for (std::uint64_t done = 0; done + sizeof(Value) <= size; done += sizeof(Value)) {
    out.push_back(at<Value>(offset + done));
  }
  return out;
}

std::string ElfProgram::text(std::uint64_t offset) const {
  if (offset >= bytes_.size()) throw std::runtime_error("an ELF file that is cut");
  return bytes_.substr(offset, bytes_.find('\0', offset) - offset);
}

ElfProgram::ElfProgram(const std::string& file) : bytes_(contents(file)) {
  if (!bytes_.starts_with("\x7f"
                          "ELF"))
    throw std::runtime_error(file + " is no ELF file");
  header_ = at<Elf64_Ehdr>(0);
  if (header_.e_ident[EI_CLASS] != ELFCLASS64) throw std::runtime_error(file + " has not 64 bits");
  segments_ = table<Elf64_Phdr>(header_.e_phoff, sizeof(Elf64_Phdr) * header_.e_phnum);
  if (const Elf64_Phdr* found = segment(PT_DYNAMIC)) {
    dynamic_ = table<Elf64_Dyn>(found->p_offset, found->p_filesz);
  }
  const auto sections = table<Elf64_Shdr>(header_.e_shoff, sizeof(Elf64_Shdr) * header_.e_shnum);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type == SHT_DYNSYM || section.sh_type == SHT_SYMTAB) {
      read_symbols(section, sections.at(section.sh_link));
    }
  }
}

void ElfProgram::read_symbols(const Elf64_Shdr& section, const Elf64_Shdr& names) {
  for (const auto& symbol : table<Elf64_Sym>(section.sh_offset, section.sh_size)) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
    const std::string name = text(names.sh_offset + symbol.st_name);
    if (symbol.st_shndx == SHN_UNDEF) {
      imports_.insert(name.substr(0, name.find('@')));
    } else if (section.sh_type == SHT_SYMTAB && ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL) {
      const auto loaded = std::ranges::find_if(segments_, [&](const Elf64_Phdr& each) {
        return each.p_type == PT_LOAD && symbol.st_value >= each.p_vaddr &&
               symbol.st_value - each.p_vaddr < each.p_filesz;
      });
      if (loaded == segments_.end()) continue;
      const std::uint64_t offset = loaded->p_offset + symbol.st_value - loaded->p_vaddr;
      functions_.push_back(
          {.name = name,
           .takes_indirect_jumps = bytes_.compare(offset, kEndbr64.size(), kEndbr64) == 0});
    }
  }
}

const Elf64_Phdr* ElfProgram::segment(std::uint32_t type) const {
  const auto found = std::ranges::find(segments_, type, &Elf64_Phdr::p_type);
  return found == segments_.end() ? nullptr : &*found;
}

std::uint64_t ElfProgram::dynamic(std::int64_t tag) const {
  const auto found = std::ranges::find(dynamic_, tag, &Elf64_Dyn::d_tag);
  return found == dynamic_.end() ? 0 : found->d_un.d_val;
}

bool ElfProgram::is_position_independent() const {
  return header_.e_type == ET_DYN && (dynamic(DT_FLAGS_1) & DF_1_PIE) != 0;
}

bool ElfProgram::binds_at_start() const {
  return (dynamic(DT_FLAGS) & DF_BIND_NOW) != 0 && (dynamic(DT_FLAGS_1) & DF_1_NOW) != 0;
}

bool ElfProgram::has_relro() const { return segment(PT_GNU_RELRO) != nullptr; }

bool ElfProgram::has_plain_stack() const {
  const Elf64_Phdr* stack = segment(PT_GNU_STACK);
  return stack != nullptr && (stack->p_flags & PF_X) == 0;
}

bool ElfProgram::keeps_code_apart() const {
  const bool mixed = std::ranges::any_of(segments_, [](const Elf64_Phdr& each) {
    return each.p_type == PT_LOAD && (each.p_flags & PF_W) != 0 && (each.p_flags & PF_X) != 0;
  });
  const bool changed = std::ranges::find(dynamic_, DT_TEXTREL, &Elf64_Dyn::d_tag) != dynamic_.end();
  return !mixed && !changed && (dynamic(DT_FLAGS) & DF_TEXTREL) == 0;
}

bool ElfProgram::has_library_path() const {
  return std::ranges::any_of(dynamic_, [](const Elf64_Dyn& each) {
    return each.d_tag == DT_RPATH || each.d_tag == DT_RUNPATH;
  });
}

bool ElfProgram::has_shadow_stack_mark() const {
  const Elf64_Phdr* notes = segment(PT_GNU_PROPERTY);
  if (notes == nullptr) return false;
  // One note: a header, the name "GNU", then properties of type, size and value, each padded to 8.
  const std::uint64_t end = notes->p_offset + notes->p_filesz;
  std::uint64_t offset = notes->p_offset + sizeof(Elf64_Nhdr) + 4;
  while (offset + 8 <= end) {
    const auto type = at<std::uint32_t>(offset);
    const auto size = at<std::uint32_t>(offset + 4);
    if (type == GNU_PROPERTY_X86_FEATURE_1_AND) {
      return (at<std::uint32_t>(offset + 8) & GNU_PROPERTY_X86_FEATURE_1_SHSTK) != 0;
    }
    offset += 8 + (std::uint64_t{size} + 7) / 8 * 8;
  }
  return false;
}

}  // namespace attune::hardening
