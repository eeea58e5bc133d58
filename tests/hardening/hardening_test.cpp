// What the programs of a Release say of themselves to the loader and the kernel. That each question
// can be answered with no is shown on a program that was built without any hardening.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/hardening/elf_program.h"

namespace attune::hardening {
namespace {

class Hardening : public ::testing::TestWithParam<const char*> {
 protected:
  const ElfProgram program_{GetParam()};
};

const ElfProgram& soft() {
  static const ElfProgram kSoft(ATTUNE_SOFT_PROGRAM);
  return kSoft;
}

// FORTIFY calls __memcpy_chk where it can't see that a memcpy fits.
bool checks_sizes(const ElfProgram& program) {
  return std::ranges::any_of(program.imports(), [](const std::string& name) {
    return name.starts_with("__") && name.ends_with("_chk");
  });
}

bool guards_stack(const ElfProgram& program) {
  return program.imports().contains("__stack_chk_fail");
}

std::vector<ElfProgram::Function> ours(const ElfProgram& program) {
  std::vector<ElfProgram::Function> out = program.functions();
  std::erase_if(out, [](const ElfProgram::Function& each) {
    const bool in_attune =
        each.name.starts_with("_ZN6attune") || each.name.starts_with("_ZNK6attune");
    return !in_attune && each.name != "main";
  });
  return out;
}

TEST_P(Hardening, CodeStandsAtARandomAddress) {
  EXPECT_TRUE(program_.is_position_independent());
  EXPECT_FALSE(soft().is_position_independent());
}

TEST_P(Hardening, TablesOfTheLoaderAreReadOnly) {
  EXPECT_TRUE(program_.has_relro());
  EXPECT_TRUE(program_.binds_at_start());
  EXPECT_FALSE(soft().has_relro());
  EXPECT_FALSE(soft().binds_at_start());
}

TEST_P(Hardening, NothingWritableIsExecutable) {
  EXPECT_TRUE(program_.has_plain_stack());
  EXPECT_TRUE(program_.keeps_code_apart());
  EXPECT_FALSE(soft().has_plain_stack());
}

TEST_P(Hardening, StacksAreGuarded) {
  EXPECT_TRUE(guards_stack(program_));
  EXPECT_FALSE(guards_stack(soft()));
}

TEST_P(Hardening, CopiesAreFortified) {
  EXPECT_TRUE(checks_sizes(program_));
  EXPECT_FALSE(checks_sizes(soft()));
}

TEST_P(Hardening, LibrariesComeFromTheSystemAlone) {
  EXPECT_FALSE(program_.has_library_path());
  EXPECT_TRUE(soft().has_library_path());
}

#ifdef __x86_64__
TEST_P(Hardening, ReturnsMayBeHeldAgainstAShadowStack) {
  EXPECT_TRUE(program_.has_shadow_stack_mark());
  EXPECT_FALSE(soft().has_shadow_stack_mark());
}

// Compiled for IBT: every function that others may take the address of begins with endbr64.
TEST_P(Hardening, FunctionsSayWhereIndirectJumpsMayLand) {
  const auto functions = ours(program_);
  EXPECT_GT(functions.size(), 100u);
  for (const ElfProgram::Function& each : functions) {
    EXPECT_TRUE(each.takes_indirect_jumps) << each.name;
  }
  EXPECT_TRUE(std::ranges::none_of(ours(soft()), &ElfProgram::Function::takes_indirect_jumps));
  EXPECT_FALSE(ours(soft()).empty());
}
#endif

INSTANTIATE_TEST_SUITE_P(Programs, Hardening,
                         ::testing::Values(ATTUNE_PROGRAM, ATTUNE_DAEMON, ATTUNE_RELAY),
                         [](const auto& program) {
                           const std::string path = program.param;
                           if (path.ends_with("attune-relay")) return "relay";
                           return path.ends_with("attuned") ? "attuned" : "attune";
                         });

}  // namespace
}  // namespace attune::hardening
