#include "CCurl.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

// curl's header wraps these in macros that check types in C; here the plain functions are meant.
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define FUNCTIONS(X)    \
  X(curl_global_init)   \
  X(curl_version_info)  \
  X(curl_easy_init)     \
  X(curl_easy_cleanup)  \
  X(curl_easy_pause)    \
  X(curl_easy_strerror) \
  X(curl_easy_setopt)   \
  X(curl_easy_getinfo)  \
  X(curl_slist_append)  \
  X(curl_slist_free_all) \
  X(curl_multi_init)    \
  X(curl_multi_cleanup) \
  X(curl_multi_add_handle) \
  X(curl_multi_remove_handle) \
  X(curl_multi_perform) \
  X(curl_multi_poll)    \
  X(curl_multi_wakeup)  \
  X(curl_multi_info_read)

#define MEMBER(name) __typeof__(&name) name;
static struct {
  FUNCTIONS(MEMBER)
} api;

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static int is_loaded;
// Written under the lock; readers have seen `ccurl_load` fail.
static char problem[256];

static const char *load(const char *name) {
  // Debian's other flavour has the same functions and is often there when the first is not.
  static const char *const usual[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
  void *library = NULL;
  for (int i = 0; i < 2 && library == NULL; i++) {
    library = dlopen(name != NULL ? name : usual[i], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL && (i == 0 || name != NULL)) {
      const char *error = dlerror();
      snprintf(problem, sizeof problem, "%s", error != NULL ? error : "libcurl is missing");
    }
    if (name != NULL) break;
  }
  if (library == NULL) return problem;
#define LOOK_UP(name)                                                        \
  api.name = (__typeof__(api.name))dlsym(library, #name);                    \
  if (api.name == NULL) {                                                    \
    snprintf(problem, sizeof problem, "libcurl is too old: no %s", #name);   \
    dlclose(library);                                                        \
    return problem;                                                          \
  }
  FUNCTIONS(LOOK_UP)
  if (api.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    snprintf(problem, sizeof problem, "libcurl cannot be initialised");
    return problem;
  }
  return NULL;
}

const char *ccurl_load(const char *name) {
  pthread_mutex_lock(&loading);
  const char *error = is_loaded ? NULL : load(name);
  if (error == NULL) is_loaded = 1;
  pthread_mutex_unlock(&loading);
  return error;
}

const char *ccurl_default_ca_file(void) {
  const curl_version_info_data *info = api.curl_version_info(CURLVERSION_NOW);
  return info != NULL && info->age >= CURLVERSION_EIGHTH ? info->cainfo : NULL;
}

CURL *ccurl_easy_init(void) { return api.curl_easy_init(); }

void ccurl_easy_cleanup(CURL *easy) { api.curl_easy_cleanup(easy); }

CURLcode ccurl_easy_pause(CURL *easy, int bits) { return api.curl_easy_pause(easy, bits); }

const char *ccurl_easy_strerror(CURLcode code) { return api.curl_easy_strerror(code); }

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
  return api.curl_easy_setopt(easy, option, value);
}

CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
  return api.curl_easy_setopt(easy, option, value);
}

CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return api.curl_easy_setopt(easy, option, value);
}

CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count) {
  // The size comes first: with it the bytes are taken as they are, NULs included.
  CURLcode code = api.curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  if (code != CURLE_OK) return code;
  return api.curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, count == 0 ? "" : (const char *)bytes);
}

CURLcode ccurl_set_headers(CURL *easy, struct curl_slist *headers) {
  return api.curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

CURLcode ccurl_set_write(CURL *easy, ccurl_data_function function, void *context) {
  CURLcode code = api.curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
  return code != CURLE_OK ? code : api.curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, function);
}

CURLcode ccurl_set_header(CURL *easy, ccurl_data_function function, void *context) {
  CURLcode code = api.curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
  return code != CURLE_OK ? code : api.curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, function);
}

CURLcode ccurl_allow_only_http(CURL *easy) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  // The newer option of the same purpose is missing before 7.85.
  return api.curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#pragma GCC diagnostic pop
}

// Of this thread, because a handle is used by one thread at a time.
static _Thread_local int socket_error;

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)context;
  (void)purpose;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) socket_error = errno;
  return fd;
}

int ccurl_take_socket_error(void) {
  int error = socket_error;
  socket_error = 0;
  return error;
}

CURLcode ccurl_close_sockets_on_exec(CURL *easy) {
  return api.curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
}

long ccurl_get_long(CURL *easy, CURLINFO info) {
  long value = 0;
  return api.curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

curl_off_t ccurl_get_offset(CURL *easy, CURLINFO info) {
  curl_off_t value = 0;
  return api.curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

struct curl_slist *ccurl_slist_append(struct curl_slist *list, const char *text) {
  return api.curl_slist_append(list, text);
}

void ccurl_slist_free(struct curl_slist *list) { api.curl_slist_free_all(list); }

CURLM *ccurl_multi_init(void) { return api.curl_multi_init(); }

void ccurl_multi_cleanup(CURLM *multi) { api.curl_multi_cleanup(multi); }

CURLMcode ccurl_multi_add(CURLM *multi, CURL *easy) { return api.curl_multi_add_handle(multi, easy); }

CURLMcode ccurl_multi_remove(CURLM *multi, CURL *easy) { return api.curl_multi_remove_handle(multi, easy); }

CURLMcode ccurl_multi_perform(CURLM *multi) {
  int running = 0;
  return api.curl_multi_perform(multi, &running);
}

CURLMcode ccurl_multi_poll(CURLM *multi, int timeout_ms) {
  return api.curl_multi_poll(multi, NULL, 0, timeout_ms, NULL);
}

CURLMcode ccurl_multi_wakeup(CURLM *multi) { return api.curl_multi_wakeup(multi); }

CURL *ccurl_multi_finished(CURLM *multi, CURLcode *result) {
  int left = 0;
  for (;;) {
    CURLMsg *message = api.curl_multi_info_read(multi, &left);
    if (message == NULL) return NULL;
    if (message->msg != CURLMSG_DONE) continue;
    *result = message->data.result;
    return message->easy_handle;
  }
}
