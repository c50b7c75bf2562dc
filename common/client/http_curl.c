/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its reply in curl's terms. A call is an easy handle with its options set once; finished
 * calls go to a free list, so that a small request sets a URL, a body and little else.
 *
 * HTTP/2 is for whoever asks for it (our server does not speak it). Not here: cookies, compression.
 */
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/http_internal.h"

#define DEFAULT_MAX_BODY ((size_t)64 << 20)
#define CONNECT_TIMEOUT_MS 10000L
#define KEEPALIVE_S 30L	   /* client-go's dialer */
#define CURL_BUFFER 16384L /* curl's smallest upload buffer; the receive buffer is per running call */
#define TRICKLE_BUFFER 4096L

/* ---- the reply ---- */

void http_reply_release(struct http_reply *r)
{
	buf_release(&r->body);
}

static void reply_reset(struct http_reply *r)
{
	r->status = 0;
	r->content_type[0] = r->retry_after[0] = r->www_authenticate[0] = r->docker_content_digest[0] = '\0';
	r->grpc_status[0] = r->grpc_message[0] = '\0';
	r->unsent = false;
	r->err.reason = REASON_NONE;
	r->err.msg[0] = '\0';
	if (r->body.cap > HTTP_BODY_KEEP_MAX)
		buf_release(&r->body);
	else
		buf_clear(&r->body);
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
	if (c->held)
		return CURL_WRITEFUNC_PAUSE; /* comes again */
	c->received += n;
	if (c->rq.http2 && list_empty(&c->fed))
		list_push_back(&c->h->fed, &c->fed);
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
	KEPT("content-type", content_type),	    KEPT("retry-after", retry_after),
	KEPT("www-authenticate", www_authenticate), KEPT("docker-content-digest", docker_content_digest),
	KEPT("grpc-status", grpc_status),	    KEPT("grpc-message", grpc_message),
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

/* ---- the request ---- */

static bool repeatable(const char *method)
{
	return !strcmp(method, "GET") || !strcmp(method, "HEAD");
}

bool http_call_unsent(struct http_call *c)
{
	long sent = 0;

	curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &sent);
	return !sent;
}

/*
 * Before each time that curl makes the request. When a kept connection breaks before an answer, curl makes it again on a
 * new one; but the server may have done what it was asked for. So what may change something is made again only while no
 * byte of it has left (Go's transport: isReplayable). Whoever asked learns that nobody knows.
 */
static int before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct http_call *c = arg;
	bool fits = http_h2c_fits(c);
	c->unknown = !http_call_unsent(c) && !repeatable(c->rq.method);
	if (c->unknown)
		c->misfit = false; /* nor the other way */
	if (!fits && !c->unknown)
		return CURL_PREREQFUNC_ABORT;
	c->worn = c->begun; /* curl counts these over all that a handle ever did, and soon makes no more */
	c->begun = true;
	return c->unknown ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* An unended body, and then nothing for ever. */
static size_t on_send(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	size_t left = c->rq.body_len - c->body_sent;

	if (!left)
		return CURL_READFUNC_PAUSE;
	n = left < n ? left : n;
	memcpy(p, c->rq.body + c->body_sent, n);
	c->body_sent += n;
	return n;
}

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

struct http_call *http_call_new(struct http *h)
{
	struct http_call *c = MEM_NEW(struct http_call);
	CURL *e = curl_easy_init();

	if (!e)
		abort(); /* out of memory is the only reason */
	c->h = h;
	c->easy = e;
	list_init(&c->link);
	list_init(&c->fed);
	c->timer = (struct loop_timer){.fn = http_multi_time_out, .arg = c};
	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_SHARE, h->share);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_send);
	curl_easy_setopt(e, CURLOPT_READDATA, c);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, CURL_BUFFER);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->curl_error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, c);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, http_open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, http_close_socket);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, h);
	if (!h->env_proxy) /* else curl would look into the environment for each request */
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	set_tls(e, &h->tls);
	return c;
}

void http_call_free(struct http_call *c)
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
	bool special = rq->username || rq->unix_socket || rq->follow_redirects || rq->alone;

	if (c->h->env_proxy) { /* as Go: never for this machine */
		bool local = strstr(rq->url, "://127.") || strstr(rq->url, "://localhost") ||
			     strstr(rq->url, "://[::1]");

		curl_easy_setopt(c->easy, CURLOPT_PROXY, local ? "" : NULL);
	}
	if (!special && !c->special)
		return;
	c->special = special;
	curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, rq->follow_redirects ? 1L : 0L);
	curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, (long)rq->alone);
	curl_easy_setopt(c->easy, CURLOPT_FORBID_REUSE, (long)rq->alone);
	curl_easy_setopt(c->easy, CURLOPT_USERNAME, rq->username);
	curl_easy_setopt(c->easy, CURLOPT_PASSWORD, rq->username ? rq->password : NULL);
	curl_easy_setopt(c->easy, CURLOPT_HTTPAUTH, rq->username ? (long)CURLAUTH_BASIC : 0L);
	curl_easy_setopt(c->easy, CURLOPT_UNIX_SOCKET_PATH, rq->unix_socket);
}

static void set_method(struct http_call *c)
{
	const struct http_request *rq = &c->rq;
	bool post = !strcmp(rq->method, "POST"), get = !strcmp(rq->method, "GET");

	if (rq->unended) {
		c->body_sent = 0;
		curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, NULL);
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
		curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, post ? NULL : rq->method);
	} else if (rq->body || post) {
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

void http_call_set_up(struct http_call *c)
{
	reply_reset(&c->reply);
	c->held = c->aborted = c->stopped = c->too_large = c->saw_location = c->begun = c->unknown = false;
	c->received = 0;
	c->curl_error[0] = '\0';
	curl_easy_setopt(c->easy, CURLOPT_URL, c->rq.url);
	curl_easy_setopt(c->easy, CURLOPT_BUFFERSIZE, c->rq.trickle ? TRICKLE_BUFFER : CURL_BUFFER);
	http_h2c_begin(c);
	set_method(c);
	set_headers(c);
	set_special(c);
}

void http_call_fail(struct http_call *c, CURLcode code)
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
	c->reply.unsent = http_call_unsent(c);
	if (c->too_large) {
		err_set(&c->reply.err, REASON_TOO_LARGE, "%s %.*s: the reply is larger than allowed",
			c->rq.method, HTTP_URL_IN_MESSAGE_MAX, c->rq.url);
		return;
	}
	if (c->unknown) {
		err_set(&c->reply.err, REASON_UNAVAILABLE,
			"%s %.*s: the connection broke before the answer: it may have been done",
			c->rq.method, HTTP_URL_IN_MESSAGE_MAX, c->rq.url);
		return;
	}
	err_set(&c->reply.err, r ? r : REASON_UNAVAILABLE, "%s %.*s: %s", c->rq.method,
		HTTP_URL_IN_MESSAGE_MAX, c->rq.url,
		c->curl_error[0] ? c->curl_error : curl_easy_strerror(code));
}
