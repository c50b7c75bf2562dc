/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl behind one small interface.
 *
 * Everything runs on curl's multi interface in its socket-action form over our own epoll set, never on
 * curl_multi_poll: that one walks every handle on every call, and a process of fake nodes holds thousands of
 * quiet watches. Here a wake-up costs what is ready, and nothing wakes up while nothing happens: deadlines
 * live in a heap (curl's low-speed check would tick once a second per stream).
 *
 * A call is an easy handle with its options set once; finished calls go to a free list, so that a small
 * request sets a URL, a body and little else. Sockets stay in the epoll set between requests of a kept
 * connection, which saves two system calls per request: the set then holds descriptors that curl has no
 * interest in, and the first event on such a one takes it out.
 *
 * curl forbids most of its interface inside its callbacks. Calls started or aborted there are put on a list
 * and dealt with as soon as curl has returned.
 *
 * Not here: HTTP/2 (our server does not speak it), cookies, compression.
 */
#include "client/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/mem.h"
#include "client/http_internal.h"

#define DEFAULT_TIMEOUT_NS (30 * NS_PER_S) /* as client-go's usual request timeout */
#define DEFAULT_MAX_BODY ((size_t)64 << 20)
#define CONNECT_TIMEOUT_MS 10000L
#define KEEPALIVE_S 30L	    /* client-go's dialer */
#define CURL_BUFFER 16384L  /* curl's smallest upload buffer; the receive buffer is per running call */
#define IDLE_CALLS_MAX 64   /* free handles kept */
#define BODY_KEEP_MAX 65536 /* reply buffers above this are not kept with a free handle */
#define EVENTS_MAX 64	    /* sockets served per wake-up */
#define URL_IN_MESSAGE_MAX 200

enum call_state { CALL_IDLE, CALL_WAITING, CALL_RUNNING };

struct http_call {
	struct http *h;
	CURL *easy;
	struct list link; /* in idle, waiting or running */
	enum call_state state;
	bool aborted; /* inside a callback; reaped after it */
	struct http_request rq;
	void *owned; /* copies that rq points to, of http_start */
	struct http_reply reply;
	http_done_fn *done;
	void *done_arg;

	struct heap_node timer;
	int64_t timeout_ns; /* 0 = no timer */
	int64_t last_ns;    /* start, or the last byte of a stream */
	int64_t due_ns;	    /* the heap's key: may be early, never late */

	struct curl_slist *headers; /* as set on the handle */
	bool special;		    /* auth or unix socket are set on the handle */
	bool stopped, too_large, saw_location;
	size_t received;
	char curl_error[CURL_ERROR_SIZE];
};

struct sock {
	uint8_t registered, wanted; /* CURL_POLL_IN | CURL_POLL_OUT */
	bool ours; /* a connection: we are told when it closes (curl's resolver has others) */
};

struct http {
	CURLM *multi;
	CURLSH *share; /* TLS sessions, which curl otherwise keeps per easy handle */
	struct http_tls tls;
	int max_connections;
	bool env_proxy;
	int ep, wake_fd;
	int64_t curl_timer_ns; /* real time; CLOCK_NEVER = none */
	struct heap timers;
	struct list idle, waiting, running;
	size_t n_idle, n_busy;
	struct sock *socks; /* by descriptor */
	size_t n_socks;
	bool in_curl;
	bool reap; /* some call was aborted inside a callback */
	atomic_bool canceled;
};

/* ---- small pieces ---- */

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* curl's timers run on the real clock even when a test has frozen ours. */
static int64_t real_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static bool timer_less(const struct heap_node *a, const struct heap_node *b)
{
	const struct http_call *x = CONTAINER_OF(a, struct http_call, timer);
	const struct http_call *y = CONTAINER_OF(b, struct http_call, timer);

	return x->due_ns < y->due_ns;
}

void http_reply_release(struct http_reply *r)
{
	buf_release(&r->body);
}

static void reply_reset(struct http_reply *r)
{
	r->status = 0;
	r->content_type[0] = r->retry_after[0] = r->www_authenticate[0] = r->docker_content_digest[0] = '\0';
	r->err.reason = REASON_NONE;
	r->err.msg[0] = '\0';
	if (r->body.cap > BODY_KEEP_MAX)
		buf_release(&r->body);
	else
		buf_clear(&r->body);
}

void http_escape(struct buf *out, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~:@", c)) {
			buf_addc(out, (char)c);
		} else {
			buf_addc(out, '%');
			buf_addc(out, hex[c >> 4]);
			buf_addc(out, hex[c & 15]);
		}
	}
}

/* ---- what curl calls ---- */

static int on_close_socket(void *arg, curl_socket_t fd)
{
	struct http *h = arg;

	if ((size_t)fd < h->n_socks)
		h->socks[fd] = (struct sock){0};
	return close(fd);
}

static struct sock *sock_at(struct http *h, curl_socket_t fd)
{
	if ((size_t)fd >= h->n_socks) {
		size_t n = (size_t)fd + 64;

		h->socks = mem_realloc_array(h->socks, n, sizeof(*h->socks));
		memset(h->socks + h->n_socks, 0, (n - h->n_socks) * sizeof(*h->socks));
		h->n_socks = n;
	}
	return &h->socks[fd];
}

/* curl's own sockets would be inherited by the containers' monitors. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	*sock_at(arg, fd) = (struct sock){.ours = true};
	return fd;
}

static void sock_register(struct http *h, curl_socket_t fd, uint8_t mask)
{
	struct sock *s = &h->socks[fd];
	struct epoll_event ev = {
		.events = (mask & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
			  (mask & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0),
		.data.fd = fd,
	};

	if (mask == s->registered)
		return;
	if (!mask)
		epoll_ctl(h->ep, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(h->ep, s->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) < 0)
		epoll_ctl(h->ep, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	s->registered = mask;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sock_arg)
{
	struct http *h = arg;
	struct sock *s = sock_at(h, fd);

	if (what == CURL_POLL_REMOVE) {
		s->wanted = 0;
		/* A connection stays in for its next request, unless it would fire without end. */
		if (!s->ours || (s->registered & CURL_POLL_OUT))
			sock_register(h, fd, 0);
		return 0;
	}
	s->wanted = (uint8_t)what & (CURL_POLL_IN | CURL_POLL_OUT);
	sock_register(h, fd, s->wanted);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;

	h->curl_timer_ns = ms < 0 ? CLOCK_NEVER : ms == 0 ? 0 : real_ns() + ms * NS_PER_MS;
	return 0;
}

static void touch(struct http_call *c)
{
	/* The heap learns of it when the timer fires: cheaper than moving the node on every read. */
	if (c->rq.on_data && c->timeout_ns)
		c->last_ns = clock_mono_ns();
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	size_t max = c->rq.max_body;

	if (c->aborted)
		return 0;
	c->received += n;
	if (!max && !c->rq.on_data)
		max = DEFAULT_MAX_BODY;
	if (max && c->received > max) {
		c->too_large = true;
		return 0;
	}
	if (!c->rq.on_data) {
		buf_add(&c->reply.body, p, n);
		return n;
	}
	touch(c);
	if (!c->rq.on_data(c->rq.arg, p, n)) {
		c->stopped = true;
		return 0;
	}
	return c->aborted ? 0 : n;
}

static const struct {
	const char *name;
	size_t offset, size;
} kept_headers[] = {
#define KEPT(n, f)                                                                                           \
	{                                                                                                    \
		n, offsetof(struct http_reply, f), sizeof(((struct http_reply *)0)->f)                       \
	}
	KEPT("content-type", content_type),
	KEPT("retry-after", retry_after),
	KEPT("www-authenticate", www_authenticate),
	KEPT("docker-content-digest", docker_content_digest),
#undef KEPT
};

static void keep_header(struct http_call *c, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n);
	size_t name_len = colon ? (size_t)(colon - p) : 0;

	if (name_len == 8 && !strncasecmp(p, "location", 8))
		c->saw_location = true;
	for (size_t i = 0; i < ARRAY_LEN(kept_headers); i++) {
		char *into = (char *)&c->reply + kept_headers[i].offset;
		const char *v = colon + 1, *end = p + n;
		size_t len;

		if (strlen(kept_headers[i].name) != name_len ||
		    strncasecmp(p, kept_headers[i].name, name_len))
			continue;
		while (v < end && (*v == ' ' || *v == '\t'))
			v++;
		while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		len = (size_t)(end - v) < kept_headers[i].size ? (size_t)(end - v) : kept_headers[i].size - 1;
		memcpy(into, v, len);
		into[len] = '\0';
	}
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	size_t len = n;
	long status = 0;

	while (len && (p[len - 1] == '\n' || p[len - 1] == '\r'))
		len--;
	touch(c);
	if (len) {
		if (len > 5 && !memcmp(p, "HTTP/", 5)) { /* also after 100 Continue and redirects */
			struct buf body = c->reply.body;

			c->reply.body = (struct buf)BUF_INIT;
			reply_reset(&c->reply);
			c->reply.body = body;
			c->saw_location = false;
		} else {
			keep_header(c, p, len);
		}
		return n;
	}
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || (c->rq.follow_redirects && c->saw_location && status >= 300 && status < 400))
		return n;
	if (!c->reply.status) { /* trailers end with an empty line too */
		c->reply.status = (int)status;
		if (c->rq.on_status && !c->aborted)
			c->rq.on_status(c->rq.arg, (int)status);
	}
	return n;
}

/* ---- calls ---- */

static void set_blob(CURL *easy, CURLoption opt, const char *pem)
{
	struct curl_blob b = {.data = (void *)pem, .len = strlen(pem), .flags = CURL_BLOB_NOCOPY};

	curl_easy_setopt(easy, opt, &b);
}

static void set_tls(CURL *easy, const struct http_tls *t)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (t->ca_pem)
		set_blob(easy, CURLOPT_CAINFO_BLOB, t->ca_pem);
	else if (t->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_file);
	if (t->ca_pem || t->ca_file) /* ours instead of, not beside, the system's */
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (t->cert_pem)
		set_blob(easy, CURLOPT_SSLCERT_BLOB, t->cert_pem);
	else if (t->cert_file)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, t->cert_file);
	if (t->key_pem)
		set_blob(easy, CURLOPT_SSLKEY_BLOB, t->key_pem);
	else if (t->key_file)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, t->key_file);
	if (t->insecure) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static struct http_call *call_new(struct http *h)
{
	struct http_call *c = MEM_NEW(struct http_call);
	CURL *e = curl_easy_init();

	if (!e)
		abort(); /* out of memory is the only reason */
	c->h = h;
	c->easy = e;
	list_init(&c->link);
	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_SHARE, h->share);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, CURL_BUFFER);
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, CURL_BUFFER);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->curl_error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, h);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, h);
	set_tls(e, &h->tls);
	return c;
}

static void call_free(struct http_call *c)
{
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	http_reply_release(&c->reply);
	free(c->owned);
	free(c);
}

static struct curl_slist *add_header(struct curl_slist *l, const char *s)
{
	struct curl_slist *more = curl_slist_append(l, s);

	if (!more)
		abort();
	return more;
}

/*
 * Most requests of one client carry the same headers: the list is made anew only when they differ. A header
 * without a value takes away what curl would add by itself: the wait for 100 Continue, and the form type of a
 * body.
 */
static void set_headers(struct http_call *c)
{
	static const char *const none[] = {NULL};
	const char *const *want = c->rq.headers ? c->rq.headers : none;
	struct curl_slist *have = c->headers;
	bool typed = false;
	size_t i;

	for (i = 0; want[i]; i++)
		typed = typed || !strncasecmp(want[i], "content-type:", 13);
	if (have) { /* our own two come first */
		have = have->next->next;
		for (i = 0; want[i] && have && !strcmp(want[i], have->data); i++)
			have = have->next;
		if (!want[i] && !have)
			return;
	}
	curl_slist_free_all(c->headers);
	c->headers = add_header(NULL, "Expect:");
	c->headers = add_header(c->headers, typed ? "Expect:" : "Content-Type:");
	for (i = 0; want[i]; i++)
		c->headers = add_header(c->headers, want[i]);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

static void set_special(struct http_call *c)
{
	const struct http_request *rq = &c->rq;
	bool special = rq->username || rq->unix_socket || rq->follow_redirects;

	if (c->h->env_proxy) { /* as Go: never for this machine */
		bool local = strstr(rq->url, "://127.") || strstr(rq->url, "://localhost") ||
			     strstr(rq->url, "://[::1]");

		curl_easy_setopt(c->easy, CURLOPT_PROXY, local ? "" : NULL);
	}
	if (!special && !c->special)
		return;
	c->special = special;
	curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, rq->follow_redirects ? 1L : 0L);
	curl_easy_setopt(c->easy, CURLOPT_USERNAME, rq->username);
	curl_easy_setopt(c->easy, CURLOPT_PASSWORD, rq->username ? rq->password : NULL);
	curl_easy_setopt(c->easy, CURLOPT_HTTPAUTH, rq->username ? (long)CURLAUTH_BASIC : 0L);
	curl_easy_setopt(c->easy, CURLOPT_UNIX_SOCKET_PATH, rq->unix_socket);
}

static void set_method(struct http_call *c)
{
	const struct http_request *rq = &c->rq;
	bool post = !strcmp(rq->method, "POST"), get = !strcmp(rq->method, "GET");

	if (rq->body || post) {
		curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)(rq->body ? rq->body_len : 0));
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, rq->body ? rq->body : "");
		curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, post ? NULL : rq->method);
	} else {
		curl_easy_setopt(c->easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(c->easy, CURLOPT_NOBODY, strcmp(rq->method, "HEAD") ? 0L : 1L);
		curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, get ? NULL : rq->method);
	}
}

static void enter_multi(struct http_call *c)
{
	list_del(&c->link);
	list_push_back(&c->h->running, &c->link);
	c->state = CALL_RUNNING;
	curl_multi_add_handle(c->h->multi, c->easy);
}

/* rq's strings must stay until the call ends. */
static struct http_call *call_start(struct http *h, const struct http_request *rq, void *owned,
				    http_done_fn *done, void *done_arg)
{
	struct list *l = list_pop_front(&h->idle);
	struct http_call *c;

	if (l) {
		c = list_entry(l, struct http_call, link);
		h->n_idle--;
	} else {
		c = call_new(h);
	}
	reply_reset(&c->reply);
	c->rq = *rq;
	c->owned = owned;
	c->done = done;
	c->done_arg = done_arg;
	c->aborted = c->stopped = c->too_large = c->saw_location = false;
	c->received = 0;
	c->curl_error[0] = '\0';
	curl_easy_setopt(c->easy, CURLOPT_URL, rq->url);
	set_method(c);
	set_headers(c);
	set_special(c);

	c->timeout_ns = rq->timeout_ns ? rq->timeout_ns : rq->on_data ? 0 : DEFAULT_TIMEOUT_NS;
	c->last_ns = clock_mono_ns();
	c->due_ns = c->last_ns + c->timeout_ns;
	if (c->timeout_ns)
		heap_push(&h->timers, &c->timer);
	h->n_busy++;
	if (h->in_curl) {
		c->state = CALL_WAITING;
		list_push_back(&h->waiting, &c->link);
	} else {
		enter_multi(c);
	}
	return c;
}

static void call_recycle(struct http_call *c)
{
	struct http *h = c->h;

	free(c->owned);
	c->owned = NULL;
	c->state = CALL_IDLE;
	if (h->n_idle >= IDLE_CALLS_MAX) {
		call_free(c);
		return;
	}
	if (c->reply.body.cap > BODY_KEEP_MAX)
		buf_release(&c->reply.body);
	list_push_front(&h->idle, &c->link);
	h->n_idle++;
}

/* Takes the call out of curl and of every list but leaves it allocated. */
static void call_leave(struct http_call *c)
{
	if (c->state == CALL_RUNNING)
		curl_multi_remove_handle(c->h->multi, c->easy);
	heap_remove(&c->h->timers, &c->timer);
	list_del(&c->link);
	c->h->n_busy--;
	c->state = CALL_IDLE;
}

static void fill_error(struct http_call *c, CURLcode code)
{
	static const enum reason reasons[] = {
		[CURLE_OPERATION_TIMEDOUT] = REASON_TIMEOUT,
		[CURLE_URL_MALFORMAT] = REASON_BAD_REQUEST,
		[CURLE_UNSUPPORTED_PROTOCOL] = REASON_BAD_REQUEST,
		[CURLE_TOO_MANY_REDIRECTS] = REASON_UNAVAILABLE,
	};
	enum reason r = (size_t)code < ARRAY_LEN(reasons) ? reasons[code] : REASON_NONE;

	if (code == CURLE_OK || c->stopped)
		return;
	if (c->too_large) {
		err_set(&c->reply.err, REASON_TOO_LARGE, "%s %.*s: the reply is larger than allowed",
			c->rq.method, URL_IN_MESSAGE_MAX, c->rq.url);
		return;
	}
	err_set(&c->reply.err, r ? r : REASON_UNAVAILABLE, "%s %.*s: %s", c->rq.method, URL_IN_MESSAGE_MAX,
		c->rq.url, c->curl_error[0] ? c->curl_error : curl_easy_strerror(code));
}

static void call_end(struct http_call *c)
{
	call_leave(c);
	if (!c->aborted)
		c->done(c->done_arg, &c->reply);
	call_recycle(c);
}

/* ---- the loop ---- */

static void act(struct http *h, curl_socket_t fd, int mask)
{
	int running;

	h->in_curl = true;
	curl_multi_socket_action(h->multi, fd, mask, &running);
	h->in_curl = false;
}

/* What was put off while curl was on the stack. */
static void settle(struct http *h)
{
	struct list *l;

	while (h->reap) {
		h->reap = false;
		list_for_each_safe (pos, &h->running) {
			struct http_call *c = list_entry(pos, struct http_call, link);

			if (c->aborted) {
				call_leave(c);
				call_recycle(c);
			}
		}
	}
	while ((l = h->waiting.next) != &h->waiting)
		enter_multi(list_entry(l, struct http_call, link));
}

static bool collect(struct http *h)
{
	bool any = false;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		CURLcode code = m->data.result;
		struct http_call *c;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		fill_error(c, code);
		call_end(c);
		any = true;
	}
	return any;
}

static bool expire(struct http *h)
{
	bool any = false;
	struct heap_node *n;
	int64_t now = clock_mono_ns();

	while ((n = heap_peek(&h->timers))) {
		struct http_call *c = CONTAINER_OF(n, struct http_call, timer);

		if (c->due_ns > now)
			break;
		if (c->last_ns + c->timeout_ns > now) { /* a stream's later bytes */
			c->due_ns = c->last_ns + c->timeout_ns;
			heap_update(&h->timers, n);
			continue;
		}
		err_set(&c->reply.err, REASON_TIMEOUT, "%s %.*s: no reply within %lld ms", c->rq.method,
			URL_IN_MESSAGE_MAX, c->rq.url, (long long)(c->timeout_ns / NS_PER_MS));
		call_end(c);
		any = true;
	}
	return any;
}

static int wait_ms(struct http *h, int64_t deadline_ns)
{
	struct heap_node *n = heap_peek(&h->timers);
	int ms;

	if (n) {
		int64_t due = CONTAINER_OF(n, struct http_call, timer)->due_ns;

		deadline_ns = due < deadline_ns ? due : deadline_ns;
	}
	ms = clock_poll_ms(deadline_ns);
	if (h->curl_timer_ns != CLOCK_NEVER) {
		int64_t left = h->curl_timer_ns - real_ns();
		int curl_ms = left > 0 ? (int)((left + NS_PER_MS - 1) / NS_PER_MS) : 0;

		ms = ms < 0 || curl_ms < ms ? curl_ms : ms;
	}
	return ms;
}

static bool serve(struct http *h, const struct epoll_event *ev)
{
	struct sock *s;
	int mask = 0;
	uint64_t drained;

	if (ev->data.fd == h->wake_fd) {
		if (read(h->wake_fd, &drained, sizeof(drained)) < 0)
			return true; /* another event of ours drained it */
		return true;
	}
	s = &h->socks[ev->data.fd];
	if (!s->wanted) {
		sock_register(h, ev->data.fd, 0);
		return false;
	}
	if (ev->events & (EPOLLIN | EPOLLHUP))
		mask |= CURL_CSELECT_IN;
	if (ev->events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (ev->events & EPOLLERR)
		mask |= CURL_CSELECT_ERR;
	act(h, ev->data.fd, mask);
	return true;
}

static void run_curl_timer(struct http *h)
{
	if (h->curl_timer_ns != CLOCK_NEVER && h->curl_timer_ns <= real_ns()) {
		h->curl_timer_ns = CLOCK_NEVER;
		act(h, CURL_SOCKET_TIMEOUT, 0);
	}
}

bool http_turn(struct http *h, int64_t deadline_ns)
{
	struct epoll_event ev[EVENTS_MAX];
	bool any = false;
	int n;

	settle(h);
	/* New calls write their request here, before we look at the sockets. */
	if (h->curl_timer_ns == 0)
		run_curl_timer(h);
	settle(h);
	if (collect(h))
		deadline_ns = 0;
	n = epoll_wait(h->ep, ev, EVENTS_MAX, wait_ms(h, deadline_ns));
	for (int i = 0; i < n; i++)
		any = serve(h, &ev[i]) || any;
	run_curl_timer(h);
	settle(h);
	any = collect(h) || any;
	any = expire(h) || any;
	return any || deadline_ns == 0;
}

void http_poll(struct http *h, int64_t deadline_ns)
{
	while (!http_turn(h, deadline_ns) && (deadline_ns == CLOCK_NEVER || clock_mono_ns() < deadline_ns))
		;
}

int http_poll_fd(const struct http *h, int64_t *ret_deadline_ns)
{
	int ms = list_empty(&h->waiting) ? wait_ms((struct http *)h, CLOCK_NEVER) : 0;

	*ret_deadline_ns = ms < 0 ? CLOCK_NEVER : clock_mono_ns() + ms * NS_PER_MS;
	return h->ep;
}

void http_wake(struct http *h)
{
	uint64_t one = 1;

	while (write(h->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

size_t http_in_flight(const struct http *h)
{
	return h->n_busy;
}

/* ---- starting and stopping ---- */

struct http_call *http_start_borrowed(struct http *h, const struct http_request *rq, http_done_fn *done,
				      void *done_arg)
{
	return call_start(h, rq, NULL, done, done_arg);
}

struct http_call *http_start(struct http *h, const struct http_request *rq, http_done_fn *done,
			     void *done_arg)
{
	size_t url = strlen(rq->url) + 1, method = strlen(rq->method) + 1;
	char *own = mem_alloc(url + method + rq->body_len + 1);
	struct http_request copy = *rq;
	struct http_call *c;

	copy.url = memcpy(own, rq->url, url);
	copy.method = memcpy(own + url, rq->method, method);
	if (rq->body)
		copy.body = memcpy(own + url + method, rq->body, rq->body_len);
	c = call_start(h, &copy, own, done, done_arg);
	/* curl has copied these. */
	c->rq.headers = NULL;
	c->rq.username = c->rq.password = c->rq.unix_socket = NULL;
	return c;
}

void http_abort(struct http_call *c)
{
	if (c->h->in_curl && c->state == CALL_RUNNING) {
		c->aborted = true;
		c->h->reap = true;
		return;
	}
	call_leave(c);
	call_recycle(c);
}

void http_cancel(struct http *h)
{
	atomic_store(&h->canceled, true);
	http_wake(h);
}

void http_uncancel(struct http *h)
{
	atomic_store(&h->canceled, false);
}

bool http_canceled(const struct http *h)
{
	return atomic_load(&h->canceled);
}

int http_max_connections(const struct http *h)
{
	return h->max_connections;
}

/* ---- life ---- */

static bool proxy_in_env(void)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (getenv(names[i]))
			return true;
	return false;
}

struct http *http_new(const struct http_tls *tls, int max_connections)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *h = MEM_NEW(struct http);
	struct epoll_event ev = {.events = EPOLLIN};

	pthread_once(&once, global_init);
	if (tls)
		h->tls = *tls;
	h->max_connections = max_connections;
	h->env_proxy = proxy_in_env();
	h->curl_timer_ns = CLOCK_NEVER;
	h->timers = (struct heap)HEAP_INIT(timer_less);
	list_init(&h->idle);
	list_init(&h->waiting);
	list_init(&h->running);
	h->ep = epoll_create1(EPOLL_CLOEXEC);
	h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->multi = curl_multi_init();
	h->share = curl_share_init();
	if (h->ep < 0 || h->wake_fd < 0 || !h->multi || !h->share) {
		perror("http_new"); /* out of descriptors or memory: like any allocation, not survivable */
		abort();
	}
	ev.data.fd = h->wake_fd;
	epoll_ctl(h->ep, EPOLL_CTL_ADD, h->wake_fd, &ev);
	curl_share_setopt(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	if (max_connections) {
		curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)max_connections);
		curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
	}
	return h;
}

void http_free(struct http *h)
{
	struct list *l;

	if (!h)
		return;
	while ((l = h->running.next) != &h->running || (l = h->waiting.next) != &h->waiting) {
		struct http_call *c = list_entry(l, struct http_call, link);

		call_leave(c);
		call_free(c);
	}
	while ((l = list_pop_front(&h->idle)))
		call_free(list_entry(l, struct http_call, link));
	curl_multi_cleanup(h->multi);
	curl_share_cleanup(h->share);
	heap_release(&h->timers);
	free(h->socks);
	close(h->ep);
	close(h->wake_fd);
	free(h);
}
