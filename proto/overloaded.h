#pragma once

namespace attune {

/// One visitor of a variant, made of a lambda for each of its alternatives.
template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace attune
