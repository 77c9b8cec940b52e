#pragma once

// The Linux calls that Swift's Glibc module does not offer: either they need _GNU_SOURCE, or they are variadic, or they
// are macros. One plain function each; failure is -1 with `errno` set unless a comment says otherwise.

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// epoll. The kernel's struct is packed on x86-64; this one is the same everywhere.
typedef struct {
  uint32_t events;
  uint64_t data;
} csys_event;

extern const uint32_t csys_epollin;
extern const uint32_t csys_epollout;
extern const uint32_t csys_epollerr;
extern const uint32_t csys_epollhup;
extern const uint32_t csys_epollrdhup;

/// How many events one `csys_epoll_wait` can report.
#define CSYS_MAXIMUM_EVENTS 128

int csys_epoll_create(void);
int csys_epoll_add(int epoll, int fd, uint32_t events, uint64_t data);
int csys_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data);
int csys_epoll_remove(int epoll, int fd);
/// A negative timeout waits for ever. Nanosecond timeouts where the kernel has them, else rounded up to milliseconds.
int csys_epoll_wait(int epoll, csys_event *events, int capacity, int64_t timeout_ns);

// Descriptors. All of them are close-on-exec; `csys_eventfd`, `csys_accept` and `csys_signalfd` also do not block.
int csys_eventfd(void);
int csys_accept(int listener);
int csys_pipe(int fds[2]);
int csys_socketpair(int fds[2]);
/// The user at the other end of a Unix socket.
int csys_peer_user(int fd, uid_t *user);
/// Raises the soft limit of open descriptors to the hard one or `most`, whichever is less. The soft limit before, 0 if that
/// cannot be done.
uint64_t csys_raise_descriptor_limit(uint64_t most);
int csys_open(const char *path, int flags, mode_t mode);
/// A name in an open folder; nothing is created.
int csys_open_at(int folder, const char *name, int flags);
int csys_open_folder(const char *path);
/// The file status flags (`O_NONBLOCK` and so on).
int csys_get_flags(int fd);
int csys_set_flags(int fd, int flags);
int csys_set_cloexec(int fd, int on);
/// Where a symbolic link points, without a terminating NUL; as readlink(2).
ssize_t csys_readlink(const char *path, char *buffer, size_t capacity);

/// The parts of `struct stat` that this program reads; the time is nanoseconds since 1970.
typedef struct {
  int64_t size;
  int64_t mtime_ns;
  uint64_t inode;
  uint64_t device;
  uint32_t mode;
  uint32_t uid;
} csys_stat;

int csys_stat_path(const char *path, int follow, csys_stat *out);
int csys_stat_fd(int fd, csys_stat *out);
/// A name in an open folder.
int csys_stat_at(int folder, const char *name, csys_stat *out);

/// The next name of a directory: 1 and `name`/`type` set, 0 at the end, -1 on error. `name` lives until the next call.
int csys_readdir(void *dir, const char **name, uint8_t *type);

/// Where `part` first stands in `text`, or -1.
ssize_t csys_find(const void *text, size_t count, const void *part, size_t part_count);

// Signals.
int csys_signals_block(const int *signals, int count);
int csys_signals_unblock_all(void);
/// Back to the default action for every signal.
void csys_signals_default(void);
int csys_signal_ignore(int signal);
int csys_signalfd(const int *signals, int count);
/// The number of the next pending signal, 0 if there is none.
int csys_signalfd_read(int fd);

// The process.
char *const *csys_environment(void);
/// Fills all of `buffer` from the kernel's generator.
int csys_random(void *buffer, size_t count);
/// The text of an errno value, always NUL terminated, thread safe.
void csys_strerror(int error, char *buffer, size_t capacity);
void csys_malloc_arenas(int count);
/// Blocks from `size` on are mapped by themselves, and so go back to the system the moment they are freed.
void csys_malloc_mapped_size(int size);

// Threads of our own.
/// Runs `body(context)` on a new detached thread. Returns 0 or an errno value. All signals are blocked in it.
int csys_thread_start(size_t stack, const char *name, void (*body)(void *), void *context);

typedef struct csys_monitor csys_monitor;
/// A mutex with one condition, for threads that may block; waiting uses the monotonic clock.
csys_monitor *csys_monitor_create(void);
void csys_monitor_destroy(csys_monitor *monitor);
void csys_monitor_lock(csys_monitor *monitor);
void csys_monitor_unlock(csys_monitor *monitor);
void csys_monitor_signal(csys_monitor *monitor);
void csys_monitor_broadcast(csys_monitor *monitor);
/// Waits until signalled or until the monotonic time; a negative time waits for ever. Returns 1 when the time came.
int csys_monitor_wait(csys_monitor *monitor, int64_t deadline_ns);
