#include <algorithm>
#include <array>

#include "client/wording.h"

namespace attune::client {
namespace {

constexpr std::string_view kSafety =
    R"(SAFETY

attune keeps words between two people who trust each other enough to try. It
cannot make anybody safe. If somebody frightens you, watches you or makes you
do things, talk to a person you trust or to a helpline in your country first,
from a device that nobody else opens.

What attune cannot prevent:
  - a photograph of a screen, or somebody reading over a shoulder;
  - being made to unlock it, or a passphrase that somebody knows;
  - spyware, or a changed client, on either device;
  - a partner who keeps what they have read.

What you can do alone, at once and without a reason:
  attune lock --clear       close the notebook and clear the screen
  attune pause              put everything that asks on hold
  attune consent withdraw   take back what you said tonight
  attune unpair             stop all exchange; nobody is told
)";

constexpr std::string_view kConsent =
    R"(CONSENT

What you say with `attune consent say` is about tonight. It is gone at 04:00 and
is in no history, export or backup. Not said is no. A yes in a program is never
a yes in a room: ask there, and again.

Withdrawing needs no reason and works offline and while the notebook is locked;
a withdrawal wins over every yes that it may meet on its way. While a pause on
everything is raised by either of you, nothing counts as said.
)";

constexpr std::string_view kPrivacy =
    R"(PRIVACY

Everything is private until you share it, one entry at a time. Private entries
never leave your own devices, and your partner cannot count them. Shared entries
carry a day, not a time. There are no receipts, no last-seen and no scores.

On disk all is sealed under your passphrase. Words are never arguments of a
command, because other programs on the computer can read those. A passphrase
that is lost is lost: nobody can open the notebook without it.

A relay, where you both set one, sees when your devices are online and how much
they say, and nothing of what: see docs/relay.md, and `proxy` in config.toml.

Unsharing and forgetting ask your partner's device to erase as well. A changed
client, a backup or a photograph may still hold what was once shared.
)";

constexpr std::string_view kErrors =
    R"(ERRORS

Every command ends with a number:
    0  done; what was written is durable on this device
    1  failed; the message says how
    2  wrong usage, unknown field, too long, or an id of several entries
    3  no such entry
    4  locked: attune unlock
    5  not set up, or not paired
    6  the daemon is not running
    7  refused by a rule: not yours, already so, or look again
    8  not reached, or the other side declined
    9  a check failed: passphrase, code or words
   10  the notebook is damaged, or from a newer version
   11  cancelled, or end of input at a question
   12  waiting for the other
  130  interrupted

With --json an error is one object on standard error.
)";

struct Page {
  std::string_view topic;
  std::string_view text;
};
constexpr std::array kPages = {Page{"safety", kSafety}, Page{"consent", kConsent},
                               Page{"privacy", kPrivacy}, Page{"errors", kErrors}};

}  // namespace

std::string_view honest_limits() {
  return "Before you pair: encryption is not safety. Whoever pairs with you can photograph their "
         "screen\n"
         "or keep what they read. Somebody who can make you unlock this, or has spyware on a "
         "device, reads\n"
         "it all. You can pause, withdraw and unpair alone at any time; nobody is told.\n";
}

std::optional<std::string_view> help_page(std::string_view topic) {
  for (const Page& page : kPages) {
    if (page.topic == topic) return page.text;
  }
  return std::nullopt;
}

const std::vector<std::string>& help_topics() {
  static const std::vector<std::string> topics = [] {
    std::vector<std::string> names;
    names.reserve(kPages.size());
    for (const Page& page : kPages) names.emplace_back(page.topic);
    return names;
  }();
  return topics;
}

}  // namespace attune::client
