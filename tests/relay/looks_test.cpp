// How much work a look at a mailbox is, and what the operator's page says.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <cstring>
#include <thread>

#include "daemon/relay/mailboxes.h"
#include "daemon/relay/metrics.h"
#include "daemon/relay/metrics_page.h"
#include "daemon/relay/tcp_listener.h"
#include "tests/relay/memory_store.h"

namespace attune::relay {
namespace {

/// Notes which statements it is given, and how many messages it hands over.
class NotingStore final : public MailboxStore {
 public:
  std::string said;

  void begin() override { store_.begin(); }
  void commit() override { store_.commit(); }
  void roll_back() noexcept override { store_.roll_back(); }
  std::optional<MailboxRow> find(const MailboxId& id) override {
    said += "find ";
    return store_.find(id);
  }
  MailboxRow create(const MailboxId& id, std::uint32_t day) override {
    said += "create ";
    return store_.create(id, day);
  }
  void update(const MailboxRow& row) override {
    said += "update ";
    store_.update(row);
  }
  void append(std::int64_t mailbox, std::uint64_t seq, std::uint32_t day, ByteView body) override {
    said += "append ";
    store_.append(mailbox, seq, day, body);
  }
  Removed remove(std::int64_t mailbox, std::uint64_t seq) override {
    said += "remove ";
    return store_.remove(mailbox, seq);
  }
  void read(std::int64_t mailbox, std::uint64_t after,
            const std::function<bool(std::uint64_t, ByteView)>& take) override {
    said += "read ";
    store_.read(mailbox, after, take);
  }
  bool expire(std::uint32_t day, std::size_t count_max) override {
    return store_.expire(day, count_max);
  }
  bool forget_mailboxes(std::uint32_t day, std::size_t count_max) override {
    return store_.forget_mailboxes(day, count_max);
  }
  std::uint64_t used_bytes() override { return store_.used_bytes(); }

 private:
  MemoryStore store_;
};

Job ask(NotingStore& store, Job job, ByteView body = {}) {
  Batch batch;
  job.size = static_cast<std::uint32_t>(body.size());
  batch.jobs.push_back(job);
  append(batch.bodies, body);
  Mailboxes mailboxes(store, {});
  store.begin();
  mailboxes.perform(batch);
  store.commit();
  return batch.jobs[0];
}

TEST(Looks, AtAnEmptyAndAnAbsentMailboxAreTheSameStatements) {
  NotingStore store;
  const MailboxId emptied{{1}};
  const MailboxId absent{{2}};
  ask(store, {.kind = JobKind::kPut, .mailbox = emptied, .seq = 1}, Bytes(100, 1));
  ask(store, {.kind = JobKind::kAcknowledge, .mailbox = emptied, .seq = 1});
  for (const JobKind kind : {JobKind::kOpen, JobKind::kRead}) {
    std::array<std::string, 2> work;
    std::array<Job, 2> answers;
    for (std::size_t i = 0; i < 2; ++i) {
      store.said.clear();
      Job job{.kind = kind, .mailbox = i == 0 ? emptied : absent};
      job.count_max = 5;
      answers[i] = ask(store, job);
      work[i] = store.said;
    }
    EXPECT_EQ(work[0], work[1]);
    EXPECT_FALSE(work[0].empty());
    EXPECT_EQ(answers[0].first, answers[1].first);
    EXPECT_EQ(answers[0].used, answers[1].used);
    EXPECT_EQ(answers[0].found_count, answers[1].found_count);
    EXPECT_EQ(answers[0].more, answers[1].more);
  }
}

/// A page on a port of 127.0.0.1, served by a thread of its own.
class Page {
 public:
  explicit Page(const std::string& text) {
    net::Fd listener = listen_at({.host = "127.0.0.1", .port = 0});
    port_ = port_of(listener);
    page_ = std::make_shared<MetricsPage>(io_, std::move(listener), [text] { return text; });
    page_->start();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Page() {
    asio::post(io_, [this] {
      page_->stop();
      io_.stop();
    });
    thread_.join();
  }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  [[nodiscard]] net::Fd connect() const {
    net::Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_storage place{};
    std::memcpy(&place, &to, sizeof to);
    void* address = &place;
    EXPECT_EQ(::connect(fd.get(), static_cast<sockaddr*>(address), sizeof to), 0);
    return fd;
  }
  /// All that is answered to these bytes, until the end.
  [[nodiscard]] std::string answer(std::string_view request) const {
    const net::Fd fd = connect();
    EXPECT_GT(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
    std::string all;
    std::array<char, 4'096> part{};
    for (;;) {
      const ssize_t got = ::recv(fd.get(), part.data(), part.size(), 0);
      if (got <= 0) return all;
      all.append(part.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  asio::io_context io_;
  std::shared_ptr<MetricsPage> page_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

TEST(MetricsPage, SaysEveryCounterToWhoeverAsks) {
  Metrics metrics;
  metrics.puts = 17;
  const std::string text = to_text(metrics, {.pipes = 3});
  EXPECT_NE(text.find("\nattune_relay_puts_total 17\n"), std::string::npos);
  EXPECT_NE(text.find("\nattune_relay_pipes 3\n"), std::string::npos);
  const Page page(text);
  for (const std::string_view asked : {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n"}) {
    const std::string answer = page.answer(asked);
    EXPECT_TRUE(answer.starts_with("HTTP/1.0 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Length: " + std::to_string(text.size()) + "\r\n"),
              std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + text));
  }
}

TEST(MetricsPage, AnswersARequestOfTheGreatestSizeAndAfterThoseWhoSayNothing) {
  const Page page("text\n");
  EXPECT_TRUE(page.answer(std::string(1'024, 'x')).ends_with("\r\n\r\ntext\n"));
  {
    const std::vector<net::Fd> silent = [&] {
      std::vector<net::Fd> made;
      for (int i = 0; i < 4; ++i) made.push_back(page.connect());
      return made;
    }();
    EXPECT_TRUE(page.answer("GET / HTTP/1.0\r\n\r\n").ends_with("text\n"));
  }
  EXPECT_TRUE(page.answer("GET / HTTP/1.0\r\n\r\n").ends_with("text\n"));
}

}  // namespace
}  // namespace attune::relay
