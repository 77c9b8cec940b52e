#include "CSys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// MARK: - epoll

const uint32_t csys_epollin = EPOLLIN;
const uint32_t csys_epollout = EPOLLOUT;
const uint32_t csys_epollerr = EPOLLERR;
const uint32_t csys_epollhup = EPOLLHUP;
const uint32_t csys_epollrdhup = EPOLLRDHUP;

int csys_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data = {.u64 = data}};
  return epoll_ctl(epoll, operation, fd, &event);
}

int csys_epoll_add(int epoll, int fd, uint32_t events, uint64_t data) {
  return control(epoll, EPOLL_CTL_ADD, fd, events, data);
}

int csys_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data) {
  return control(epoll, EPOLL_CTL_MOD, fd, events, data);
}

int csys_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int csys_epoll_wait(int epoll, csys_event *events, int capacity, int64_t timeout_ns) {
  // Set once the kernel turned out to be older than 5.11.
  static _Atomic int only_milliseconds = 0;
  struct epoll_event raw[CSYS_MAXIMUM_EVENTS];
  if (capacity > CSYS_MAXIMUM_EVENTS) capacity = CSYS_MAXIMUM_EVENTS;
  int count = -1;
  if (timeout_ns <= 0) {
    count = epoll_wait(epoll, raw, capacity, timeout_ns < 0 ? -1 : 0);
  } else {
    if (!only_milliseconds) {
      struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
      count = epoll_pwait2(epoll, raw, capacity, &timeout, NULL);
      // Some sandboxes answer EPERM to calls that they do not know.
      if (count < 0 && (errno == ENOSYS || errno == EPERM)) only_milliseconds = 1;
    }
    if (only_milliseconds) {
      int64_t ms = (timeout_ns - 1) / 1000000 + 1;
      count = epoll_wait(epoll, raw, capacity, ms > 0x7fffffff ? 0x7fffffff : (int)ms);
    }
  }
  for (int i = 0; i < count; i++) {
    events[i].events = raw[i].events;
    events[i].data = raw[i].data.u64;
  }
  return count;
}

// MARK: - Descriptors

int csys_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int csys_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int csys_pipe(int fds[2]) { return pipe2(fds, O_CLOEXEC); }

int csys_socketpair(int fds[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds); }

int csys_peer_user(int fd, uid_t *user) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
  *user = credentials.uid;
  return 0;
}

uint64_t csys_raise_descriptor_limit(uint64_t most) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlim_t before = limit.rlim_cur;
  rlim_t wanted = limit.rlim_max < most ? limit.rlim_max : (rlim_t)most;
  if (before < wanted) {
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  }
  return before;
}

int csys_open(const char *path, int flags, mode_t mode) { return open(path, flags | O_CLOEXEC, mode); }

int csys_open_at(int folder, const char *name, int flags) { return openat(folder, name, flags | O_CLOEXEC); }

int csys_open_folder(const char *path) { return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC); }

int csys_get_flags(int fd) { return fcntl(fd, F_GETFL); }

int csys_set_flags(int fd, int flags) { return fcntl(fd, F_SETFL, flags); }

int csys_set_cloexec(int fd, int on) { return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0); }

ssize_t csys_readlink(const char *path, char *buffer, size_t capacity) { return readlink(path, buffer, capacity); }

/// Files can carry any 64-bit time; far ones are clamped rather than wrapped.
static int64_t nanoseconds(const struct timespec *t) {
  int64_t ns;
  if (__builtin_mul_overflow((int64_t)t->tv_sec, (int64_t)1000000000, &ns) ||
      __builtin_add_overflow(ns, (int64_t)t->tv_nsec, &ns)) {
    return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
  }
  return ns;
}

static void fill(csys_stat *out, const struct stat *s) {
  out->size = s->st_size;
  out->mtime_ns = nanoseconds(&s->st_mtim);
  out->inode = s->st_ino;
  out->device = s->st_dev;
  out->mode = s->st_mode;
  out->uid = s->st_uid;
}

int csys_stat_path(const char *path, int follow, csys_stat *out) {
  struct stat s;
  if ((follow ? stat(path, &s) : lstat(path, &s)) != 0) return -1;
  fill(out, &s);
  return 0;
}

int csys_stat_fd(int fd, csys_stat *out) {
  struct stat s;
  if (fstat(fd, &s) != 0) return -1;
  fill(out, &s);
  return 0;
}

int csys_stat_at(int folder, const char *name, csys_stat *out) {
  struct stat s;
  if (fstatat(folder, name, &s, 0) != 0) return -1;
  fill(out, &s);
  return 0;
}

ssize_t csys_find(const void *text, size_t count, const void *part, size_t part_count) {
  const char *found = memmem(text, count, part, part_count);
  return found == NULL ? -1 : found - (const char *)text;
}

int csys_readdir(void *dir, const char **name, uint8_t *type) {
  errno = 0;
  struct dirent *entry = readdir((DIR *)dir);
  if (entry == NULL) return errno == 0 ? 0 : -1;
  *name = entry->d_name;
  *type = entry->d_type;
  return 1;
}

// MARK: - Signals

static sigset_t set_of(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  return set;
}

int csys_signals_block(const int *signals, int count) {
  sigset_t set = set_of(signals, count);
  int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

int csys_signals_unblock_all(void) {
  sigset_t set;
  sigemptyset(&set);
  int error = pthread_sigmask(SIG_SETMASK, &set, NULL);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

void csys_signals_default(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal <= SIGRTMAX; signal++) {
    if (signal != SIGKILL && signal != SIGSTOP) sigaction(signal, &action, NULL);
  }
}

int csys_signal_ignore(int signal) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_IGN;
  return sigaction(signal, &action, NULL);
}

int csys_signalfd(const int *signals, int count) {
  sigset_t set = set_of(signals, count);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int csys_signalfd_read(int fd) {
  struct signalfd_siginfo info;
  for (;;) {
    ssize_t n = read(fd, &info, sizeof info);
    if (n == (ssize_t)sizeof info) return (int)info.ssi_signo;
    if (n < 0 && errno == EINTR) continue;
    return 0;
  }
}

// MARK: - The process

extern char **environ;

char *const *csys_environment(void) { return environ; }

int csys_random(void *buffer, size_t count) {
  char *next = buffer;
  while (count > 0) {
    ssize_t n = getrandom(next, count, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    next += n;
    count -= (size_t)n;
  }
  return 0;
}

void csys_strerror(int error, char *buffer, size_t capacity) {
  if (capacity == 0) return;
  // The GNU form may return a string of its own instead of filling the buffer.
  const char *text = strerror_r(error, buffer, capacity);
  if (text != buffer) snprintf(buffer, capacity, "%s", text);
}

void csys_malloc_arenas(int count) { mallopt(M_ARENA_MAX, count); }

void csys_malloc_mapped_size(int size) {
  mallopt(M_MMAP_THRESHOLD, size);
  // The default of 128 KB would have the top of the heap come and go all the time.
  mallopt(M_TRIM_THRESHOLD, 2 * size);
}

// MARK: - Threads

struct start {
  void (*body)(void *);
  void *context;
  char name[16];
};

static void *enter(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  pthread_setname_np(pthread_self(), start.name);
  start.body(start.context);
  return NULL;
}

int csys_thread_start(size_t stack, const char *name, void (*body)(void *), void *context) {
  struct start *start = malloc(sizeof *start);
  if (start == NULL) return ENOMEM;
  start->body = body;
  start->context = context;
  snprintf(start->name, sizeof start->name, "%s", name);
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error != 0) {
    free(start);
    return error;
  }
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (stack > 0) pthread_attr_setstacksize(&attributes, stack);
  // The new thread inherits the mask: signals belong to the loop thread alone.
  sigset_t all, before;
  sigfillset(&all);
  // Faults raised by the thread itself must keep killing the process.
  sigdelset(&all, SIGSEGV);
  sigdelset(&all, SIGBUS);
  sigdelset(&all, SIGILL);
  sigdelset(&all, SIGFPE);
  sigdelset(&all, SIGTRAP);
  sigdelset(&all, SIGABRT);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pthread_t thread;
  error = pthread_create(&thread, &attributes, enter, start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (error != 0) free(start);
  return error;
}

struct csys_monitor {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
};

csys_monitor *csys_monitor_create(void) {
  csys_monitor *monitor = malloc(sizeof *monitor);
  if (monitor == NULL) abort();
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init(&monitor->mutex, NULL);
  pthread_cond_init(&monitor->condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return monitor;
}

void csys_monitor_destroy(csys_monitor *monitor) {
  pthread_cond_destroy(&monitor->condition);
  pthread_mutex_destroy(&monitor->mutex);
  free(monitor);
}

void csys_monitor_lock(csys_monitor *monitor) { pthread_mutex_lock(&monitor->mutex); }

void csys_monitor_unlock(csys_monitor *monitor) { pthread_mutex_unlock(&monitor->mutex); }

void csys_monitor_signal(csys_monitor *monitor) { pthread_cond_signal(&monitor->condition); }

void csys_monitor_broadcast(csys_monitor *monitor) { pthread_cond_broadcast(&monitor->condition); }

int csys_monitor_wait(csys_monitor *monitor, int64_t deadline_ns) {
  if (deadline_ns < 0) {
    pthread_cond_wait(&monitor->condition, &monitor->mutex);
    return 0;
  }
  struct timespec deadline = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
  return pthread_cond_timedwait(&monitor->condition, &monitor->mutex, &deadline) == ETIMEDOUT;
}
