#include "oasis/train/launch_ranks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kLaunched = "OASIS_LAUNCHED";
// What the others are left after one rank has failed, and after one has ended as told by a signal.
constexpr std::chrono::seconds kGraceAfterFailure{5};
constexpr std::chrono::seconds kGraceAfterSignal{120};

[[noreturn]] void fail(const char* what) {
  throw Error(ExitCode::failed, fmt::format("{} ({})", what, std::strerror(errno)));
}

sigset_t launcher_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGCHLD}) sigaddset(&signals, signal);
  return signals;
}

/// A socket that listens on a free port of this machine; rank 0 takes it over for the store.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* general = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    if (fd_ < 0 || ::bind(fd_, general, size) != 0 || ::listen(fd_, 1024) != 0 ||
        ::getsockname(fd_, general, &size) != 0) {
      fail("no port for the ranks' store can be opened");
    }
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }
  int port() const { return port_; }

 private:
  int fd_;
  int port_ = 0;
};

struct Rank {
  pid_t process = 0;
  bool running = true;
};

class Launch {
 public:
  Launch(int count, char** argv) : ranks_(static_cast<std::size_t>(count)), argv_(argv) {}

  int run() {
    const sigset_t signals = launcher_signals();
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    start_all();
    while (running() > 0) {
      const timespec second{1, 0};
      const int signal = sigtimedwait(&signals, nullptr, &second);
      if (signal > 0 && signal != SIGCHLD) hand_on(signal);
      reap();
      if (deadline_ && Clock::now() > *deadline_) send(SIGKILL);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return code_;
  }

 private:
  void start_all() {
    Listener listener;
    const pid_t parent = ::getpid();
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
      auto environment = environment_of(rank, listener);
      std::vector<char*> raw;
      for (std::string& entry : environment) raw.push_back(entry.data());
      raw.push_back(nullptr);
      const pid_t child = ::fork();
      if (child < 0) {
        send(SIGKILL);
        fail("a rank cannot be started");
      }
      if (child == 0) {
        ::setpgid(0, 0);  // Ctrl-C comes to the launcher only, which hands it on
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() == parent) ::execve("/proc/self/exe", argv_, raw.data());
        ::_exit(127);
      }
      ranks_[rank].process = child;
      if (rank == 0) listener.close();  // it is rank 0's now: with rank 0 the store is gone
    }
  }

  std::vector<std::string> environment_of(std::size_t rank, const Listener& listener) const {
    std::vector<std::string> entries;
    for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
    const auto set = [&entries](const std::string& name, auto value) {
      std::erase_if(entries, [&](const auto& entry) { return entry.starts_with(name + "="); });
      entries.push_back(fmt::format("{}={}", name, value));
    };
    set("RANK", rank);
    set("LOCAL_RANK", rank);
    set("WORLD_SIZE", ranks_.size());
    set("LOCAL_WORLD_SIZE", ranks_.size());
    set("MASTER_ADDR", "127.0.0.1");
    set("MASTER_PORT", listener.port());
    set(kLaunched, 1);
    if (rank == 0) set("OASIS_LISTEN_FD", listener.fd());
    if (std::getenv("OMP_NUM_THREADS") == nullptr) {
      set("OMP_NUM_THREADS",
          std::max<std::size_t>(1, std::thread::hardware_concurrency() / ranks_.size()));
    }
    return entries;
  }

  std::size_t running() const {
    return static_cast<std::size_t>(
        std::count_if(ranks_.begin(), ranks_.end(), [](const Rank& rank) { return rank.running; }));
  }

  void send(int signal) const {
    for (const Rank& rank : ranks_) {
      if (rank.running && rank.process > 0) ::kill(rank.process, signal);
    }
  }

  void hand_on(int signal) {
    if (signal != SIGUSR1) ended_by_ = signal;
    send(signal);
  }

  void reap() {
    int status = 0;
    for (pid_t process = 0; (process = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
        if (ranks_[rank].process != process) continue;
        ranks_[rank].running = false;
        note_end(rank, status);
      }
    }
  }

  // Whoever fails first gives the exit code.
  void note_end(std::size_t rank, int status) {
    const bool killed = WIFSIGNALED(status);
    const int signal = killed ? WTERMSIG(status) : 0;
    int code = killed ? static_cast<int>(ExitCode::failed) : WEXITSTATUS(status);
    if (killed && signal == ended_by_) code = 128 + signal;
    if (code == 0 || code_ != 0) return;
    code_ = code;
    const bool orderly = code == static_cast<int>(ExitCode::terminated) ||
                         code == static_cast<int>(ExitCode::interrupted);
    deadline_ = Clock::now() + (orderly ? kGraceAfterSignal : kGraceAfterFailure);
    if (orderly) return;
    if (killed) {
      log::error("rank {} (process {}) was killed by signal {} ({}); the other ranks are ended",
                 rank, ranks_[rank].process, signal, ::strsignal(signal));
    } else {
      log::error("rank {} has ended with exit code {}; the other ranks are ended", rank, code);
    }
  }

  std::vector<Rank> ranks_;
  char** argv_;
  int ended_by_ = 0;  ///< the signal handed on, if any
  int code_ = 0;
  std::optional<Clock::time_point> deadline_;
};

}  // namespace

int launch_ranks(int count, char** argv) { return Launch(count, argv).run(); }

bool is_launched_rank() { return std::getenv(kLaunched) != nullptr; }

void accept_launcher_signals() {
  const sigset_t signals = launcher_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace oasis::train
