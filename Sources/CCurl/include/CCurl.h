#pragma once

// libcurl, loaded when the first request needs it: linking it costs every start of the program 5 ms and 6 MB.
//
// The types and constants come from curl's own header; of its functions only the ones below may be called, because the
// library is not linked. Each is curl's function of the same name, with the variadic ones split by argument type.

#include <curl/curl.h>
#include <stddef.h>

/// Loads and initialises the library once. NULL if it is there, else why not (a string that stays valid).
/// `name` replaces the usual file names. Thread safe; a failed load may be repeated.
const char *ccurl_load(const char *name);

/// The CA bundle that the library was built to use, NULL if it has none.
const char *ccurl_default_ca_file(void);

CURL *ccurl_easy_init(void);
void ccurl_easy_cleanup(CURL *easy);
CURLcode ccurl_easy_pause(CURL *easy, int bits);
const char *ccurl_easy_strerror(CURLcode code);

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
/// Copied by the library; NULL puts an option back to "none".
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value);
/// Not copied: buffers and callback contexts, which have to outlive the handle.
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value);
/// The bytes are copied.
CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count);
CURLcode ccurl_set_headers(CURL *easy, struct curl_slist *headers);

typedef size_t (*ccurl_data_function)(char *bytes, size_t size, size_t count, void *context);
CURLcode ccurl_set_write(CURL *easy, ccurl_data_function function, void *context);
CURLcode ccurl_set_header(CURL *easy, ccurl_data_function function, void *context);
/// No file://, ftp:// and so on.
CURLcode ccurl_allow_only_http(CURL *easy);
/// Sockets are then not inherited by the programs that we start.
CURLcode ccurl_close_sockets_on_exec(CURL *easy);
/// The errno with which this thread could not open a socket since the last call; 0 if none. libcurl calls that, too, a
/// server that cannot be reached.
int ccurl_take_socket_error(void);

/// 0 when the information is missing.
long ccurl_get_long(CURL *easy, CURLINFO info);
curl_off_t ccurl_get_offset(CURL *easy, CURLINFO info);

struct curl_slist *ccurl_slist_append(struct curl_slist *list, const char *text);
void ccurl_slist_free(struct curl_slist *list);

CURLM *ccurl_multi_init(void);
void ccurl_multi_cleanup(CURLM *multi);
CURLMcode ccurl_multi_add(CURLM *multi, CURL *easy);
CURLMcode ccurl_multi_remove(CURLM *multi, CURL *easy);
CURLMcode ccurl_multi_perform(CURLM *multi);
/// Waits for traffic, the time in milliseconds, or a wake-up.
CURLMcode ccurl_multi_poll(CURLM *multi, int timeout_ms);
/// The only call that is allowed from other threads.
CURLMcode ccurl_multi_wakeup(CURLM *multi);
/// The next finished transfer and its result, NULL if there is none.
CURL *ccurl_multi_finished(CURLM *multi, CURLcode *result);
