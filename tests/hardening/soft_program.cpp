// A program without any hardening: what hardening_test.cpp must find wanting.
#include <cstdio>
#include <cstring>

namespace attune {

// Global, and with a buffer that a stack protector would guard.
int count_letters(const char* text);
int count_letters(const char* text) {
  char copy[64];
  std::strncpy(copy, text, sizeof copy - 1);
  copy[sizeof copy - 1] = 0;
  std::printf("%s\n", copy);
  return static_cast<int>(std::strlen(copy));
}

}  // namespace attune

int main(int count, char** words) { return attune::count_letters(words[count - 1]) == 0 ? 1 : 0; }
