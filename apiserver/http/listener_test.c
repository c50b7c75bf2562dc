/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way over real TLS sockets: identity, bodies, limits, keep-alive, watches, slow and half-closed
 * clients, shutdown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "base/thread.h"
#include "client/http.h"
#include "client/tls.h"
#include "http/listener.h"
#include "rest/discovery/discovery.h"
#include "rest/server.h"
#include "rest/discovery/openapi.h"
#include "rest/rig_test.h"

#define CMS "/api/v1/namespaces/default/configmaps"
#define WATCH_A_SECOND                                                                                       \
	"GET " CMS "?watch=1&timeoutSeconds=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n"
#define NEXT "GET /version HTTP/1.1\r\nHost: a\r\n\r\n"
static struct server_config config;
static struct server *server;
static struct listener *listener;
static struct buf ca, cert, key, admin_cert, admin_key, dev_cert, dev_key;
static char token_file[80];

static void make_client(const char *name, const char *org, struct buf *crt, struct buf *k, const char *ca_key)
{
	struct tls_cert_spec spec = {.common_name = name, .organization = org, .client = true, .days = 2};
	struct err err = ERR_INIT;
	assert_int_equal(tls_make_cert(buf_str(&ca), ca_key, &spec, crt, k, &err), 0);
}

static int set_up(void **state)
{
	static const char *const ips[] = {"127.0.0.1", NULL};
	struct err err = ERR_INIT;
	autobuf struct buf ca_key = BUF_INIT;
	rig_open(&rig);
	rig.api.discovery = discovery_new(rig.api.schema, "127.0.0.1:1");
	rig.api.openapi = openapi_new(rig.api.schema, NULL);
	snprintf(token_file, sizeof(token_file), "%s/tokens", rig.dir);
	FILE *f = fopen(token_file, "w");
	fputs("secret,ann,1,\"system:masters\"\nweak,bob,2\n", f);
	fclose(f);
	assert_int_equal(tls_make_ca("test", 2, &ca, &ca_key, &err), 0);
	struct tls_cert_spec spec = {.common_name = "server", .ips = ips, .server = true, .days = 2};
	assert_int_equal(tls_make_cert(buf_str(&ca), buf_str(&ca_key), &spec, &cert, &key, &err), 0);
	make_client("admin", "system:masters", &admin_cert, &admin_key, buf_str(&ca_key));
	make_client("dev", "dev", &dev_cert, &dev_key, buf_str(&ca_key));
	config = (struct server_config){.api = &rig.api, .auth = auth_new(token_file, &err), .writes = 8};
	assert_non_null(config.auth);
	server = server_new(&config);
	struct listener_config c = {.service = server_service(server),
				    .bind_address = "127.0.0.1",
				    .cert_pem = buf_str(&cert),
				    .key_pem = buf_str(&key),
				    .client_ca_pem = buf_str(&ca),
				    .threads = 2};
	listener = listener_start(&c, &err);
	if (!listener)
		fail_msg("%s", err.msg);
	return 0;
}

static int tear_down(void **state)
{
	struct buf *all[] = {&ca, &cert, &key, &admin_cert, &admin_key, &dev_cert, &dev_key};
	if (listener)
		listener_stop(listener);
	listener = NULL;
	server_free(server);
	auth_free((struct auth *)config.auth);
	discovery_free(rig.api.discovery);
	openapi_free(rig.api.openapi);
	unlink(token_file);
	rig_close(&rig);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		buf_release(all[i]);
	return 0;
}

/* ---- a client by libcurl ---- */

static struct http *client(const struct buf *crt, const struct buf *k)
{
	struct http_tls tls = {.ca_pem = buf_str(&ca),
			       .cert_pem = crt ? buf_str(crt) : NULL,
			       .key_pem = k ? buf_str(k) : NULL};
	return http_new(&tls, 8);
}

static const char *url(const char *path)
{
	static char text[1024];
	snprintf(text, sizeof(text), "https://127.0.0.1:%d%s", listener_port(listener), path);
	return text;
}

static int call(struct http *h, const char *method, const char *path, const char *header, const char *body,
		size_t n, struct http_reply *r)
{
	const char *headers[] = {"Content-Type: application/json", header, NULL};
	struct http_request rq = {.method = method,
				  .url = url(path),
				  .headers = headers,
				  .body = body,
				  .body_len = n,
				  .timeout_ns = 120 * NS_PER_S};
	struct err err = ERR_INIT;
	if (http_do(h, &rq, r, &err) < 0)
		fail_msg("%s %s: %s", method, path, err.msg);
	return r->status;
}

static void expect(struct http *h, const char *method, const char *path, const char *header, const char *body,
		   int status, const char *text)
{
	struct http_reply r = {0};
	int got = call(h, method, path, header, body, body ? strlen(body) : 0, &r);
	if (got != status || (text && !strstr(buf_str(&r.body), text)))
		fail_msg("%s %s: %d %.300s", method, path, got, buf_str(&r.body));
	http_reply_release(&r);
}

static void test_identity(void **state)
{
	struct http *nobody = client(NULL, NULL), *admin = client(&admin_cert, &admin_key),
		    *dev = client(&dev_cert, &dev_key);
	expect(nobody, "GET", "/version", NULL, NULL, 200, "gitVersion");
	expect(nobody, "GET", "/api", NULL, NULL, 403, "User \\\"system:anonymous\\\" cannot get path");
	expect(nobody, "GET", "/api", "Authorization: Bearer nope", NULL, 401, "Unauthorized");
	expect(nobody, "GET", "/api", "Authorization: Bearer weak", NULL, 200, "APIVersions");
	expect(nobody, "GET", CMS, "Authorization: Bearer weak", NULL, 403,
	       "User \\\"bob\\\" cannot list resource");
	expect(nobody, "GET", CMS, "Authorization: Bearer secret", NULL, 200, "ConfigMapList");
	expect(admin, "GET", CMS, NULL, NULL, 200, "ConfigMapList");
	expect(dev, "GET", CMS, NULL, NULL, 403, "User \\\"dev\\\" cannot list resource");
	expect(admin, "GET", "/nope", NULL, NULL, 404, "404 page not found");
	expect(admin, "GET", "/swagger.json", NULL, NULL, 404, "404 page not found");
	expect(admin, "POST", "/version", NULL, "{}", 405, "MethodNotAllowed");
	http_free(nobody);
	http_free(admin);
	http_free(dev);
}

static void test_bodies(void **state)
{
	struct http *h = client(&admin_cert, &admin_key);
	expect(h, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}", 201, "\"name\":\"a\"");
	expect(h, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}", 409, "AlreadyExists");
	expect(h, "POST", CMS, NULL, "{", 400, "BadRequest");
	expect(h, "GET", CMS "/a", NULL, NULL, 200, "\"name\":\"a\"");
	expect(h, "DELETE", CMS "/a", NULL, NULL, 200, NULL);
	expect(h, "GET", CMS "/a", NULL, NULL, 404, "not found");
	/* too large: told why, however it is sent; and the next request works */
	static char big[REQUEST_MAX_BODY + 100];
	memset(big, ' ', sizeof(big));
	static const char *const how[] = {"Expect:", "Expect: 100-continue"};
	for (size_t i = 0; i < 2; i++) {
		struct http_reply r = {0};
		assert_int_equal(call(h, "POST", CMS, how[i], big, sizeof(big), &r), 413);
		assert_non_null(strstr(buf_str(&r.body), "RequestEntityTooLarge"));
		http_reply_release(&r);
		expect(h, "GET", "/version", NULL, NULL, 200, NULL);
	}
	http_free(h);
}

static void test_many_at_once(void **state)
{
	struct http *h = client(&admin_cert, &admin_key);
	enum { N = 200 };
	static struct http_request rq[N];
	static struct http_reply r[N];
	static char bodies[N][64];
	const char *headers[] = {"Content-Type: application/json", NULL};
	char target[1024];
	snprintf(target, sizeof(target), "%s", url(CMS));
	for (int i = 0; i < N; i++) {
		snprintf(bodies[i], sizeof(bodies[i]), "{\"metadata\":{\"name\":\"n%d\"}}", i);
		rq[i] = (struct http_request){.method = "POST",
					      .url = target,
					      .headers = headers,
					      .body = bodies[i],
					      .body_len = strlen(bodies[i])};
	}
	http_run(h, rq, r, N, 8);
	for (int i = 0; i < N; i++) {
		assert_int_equal(r[i].status, 201);
		http_reply_release(&r[i]);
	}
	struct http_reply list = {0};
	call(h, "GET", CMS, NULL, NULL, 0, &list);
	assert_non_null(strstr(buf_str(&list.body), "\"name\":\"n199\""));
	http_reply_release(&list);
	http_free(h);
}

/* ---- watches ---- */

struct seen {
	struct buf text;
	const char *until;
	struct http *writer;
	const char *write_at, *write_body; /* when this was seen, create that */
};

static bool on_event(void *arg, const char *p, size_t n)
{
	struct seen *s = arg;
	buf_add(&s->text, p, n);
	if (s->write_at && strstr(buf_str(&s->text), s->write_at)) {
		s->write_at = NULL;
		expect(s->writer, "POST", CMS, NULL, s->write_body, 201, NULL);
	}
	return !strstr(buf_str(&s->text), s->until);
}

static void test_watch(void **state)
{
	struct http *h = client(&admin_cert, &admin_key), *w = client(&admin_cert, &admin_key);
	struct seen s = {.until = "\"name\":\"second\"",
			 .writer = w,
			 .write_at = "\"name\":\"first\"",
			 .write_body = "{\"metadata\":{\"name\":\"second\"}}"};
	struct err err = ERR_INIT;
	struct http_reply r = {0};
	char target[1024];
	expect(w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"first\"}}", 201, NULL);
	snprintf(target, sizeof(target), "%s", url(CMS "?watch=1"));
	struct http_request rq = {
		.method = "GET", .url = target, .timeout_ns = 120 * NS_PER_S, .on_data = on_event, .arg = &s};
	if (http_do(h, &rq, &r, &err) == 0) /* else: ended by us */
		assert_int_equal(r.status, 200);
	assert_non_null(strstr(buf_str(&s.text), "{\"type\":\"ADDED\",\"object\":{"));
	assert_non_null(strstr(buf_str(&s.text), s.until));
	buf_release(&s.text);
	http_reply_release(&r);
	/* one that ends by itself leaves the connection usable */
	expect(h, "GET", CMS "?watch=1&timeoutSeconds=1", NULL, NULL, 200, "\"name\":\"first\"");
	expect(h, "GET", "/version", NULL, NULL, 200, NULL);
	http_free(h);
	http_free(w);
}

static void test_long_list(void **state)
{
	struct http *h = client(&admin_cert, &admin_key);
	autobuf struct buf body = BUF_INIT;
	buf_adds(&body, "{\"metadata\":{\"name\":\"big\"},\"data\":{\"k\":\"");
	for (int i = 0; i < 100000; i++)
		buf_adds(&body, "0123456789");
	buf_adds(&body, "\"}}");
	expect(h, "POST", CMS, NULL, buf_str(&body), 201, NULL);
	for (int i = 0; i < 3; i++) { /* more than one turn, on a connection that stays */
		struct http_reply r = {0};
		assert_int_equal(call(h, "GET", CMS, NULL, NULL, 0, &r), 200);
		assert_true(r.body.len > 1000000);
		assert_non_null(strstr(buf_str(&r.body), "]}\n"));
		http_reply_release(&r);
	}
	http_free(h);
}

/* One object and a list of it, for who takes gzip; the connection goes on behind both. */
static void test_gzip(void **state)
{
	struct http *h = client(&admin_cert, &admin_key);
	autobuf struct buf body = BUF_INIT;
	buf_adds(&body, "{\"metadata\":{\"name\":\"big\"},\"data\":{\"k\":\"");
	for (int i = 0; i < 40000; i++)
		buf_adds(&body, "0123456789");
	buf_adds(&body, "\"}}");
	expect(h, "POST", CMS, NULL, buf_str(&body), 201, NULL);
	static const char *const paths[] = {CMS "/big", CMS, CMS "?limit=1", CMS "/big?pretty=1"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct http_reply r = {0};
		assert_int_equal(call(h, "GET", paths[i], "Accept-Encoding: gzip", NULL, 0, &r), 200);
		assert_memory_equal(r.body.p, "\x1f\x8b", 2);
		assert_in_range(r.body.len, 100, 20000);
		http_reply_release(&r);
		assert_int_equal(call(h, "GET", paths[i], "Accept-Encoding: gzip;q=0", NULL, 0, &r), 200);
		assert_memory_equal(r.body.p, "{", 1);
		http_reply_release(&r);
	}
	expect(h, "GET", CMS "/none", "Accept-Encoding: gzip", NULL, 404, "{\"kind\":\"Status\"");
	http_free(h);
}

/* ---- clients that misbehave, by hand ---- */

struct raw {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
};

static int raw_connect(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)listener_port(listener)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Whether the listener still accepts. `listener` is not looked at: it is being stopped. */
static bool port_is_open(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	close(fd);
	return ok;
}

static void raw_open_version(struct raw *r, int version)
{
	r->fd = raw_connect();
	r->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(r->ctx, version);
	r->ssl = SSL_new(r->ctx);
	SSL_set_fd(r->ssl, r->fd);
	assert_int_equal(SSL_connect(r->ssl), 1);
}

static void raw_open(struct raw *r)
{
	raw_open_version(r, TLS1_3_VERSION);
}

static void raw_close(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	close(r->fd);
}

/* Reads until the connection ends or `want` was seen. */
static void raw_expect(struct raw *r, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	char p[4096];
	int n;
	while (!strstr(buf_str(&b), want) && (n = SSL_read(r->ssl, p, sizeof(p))) > 0)
		buf_add(&b, p, (size_t)n);
	if (!strstr(buf_str(&b), want))
		fail_msg("wanted %s, got %.300s", want, buf_str(&b));
}

/* A reply with its length, of which the headers are kept. */
static void raw_read_head(struct raw *r, struct buf *head)
{
	char c;
	while (!strstr(buf_str(head), "\r\n\r\n") && SSL_read(r->ssl, &c, 1) == 1)
		buf_addc(head, c);
	const char *length = strstr(buf_str(head), "Content-Length: ");
	assert_non_null(length);
	for (long n = strtol(length + 16, NULL, 10); n > 0; n--)
		assert_int_equal(SSL_read(r->ssl, &c, 1), 1);
}

static void raw_send(struct raw *r, const char *text)
{
	int n = (int)strlen(text);
	assert_int_equal(SSL_write(r->ssl, text, n), n);
}

/* What a reply says about itself. */
static void test_headers(void **state)
{
	static const struct {
		const char *request, *want[3];
	} v[] = {
		{"GET /version HTTP/1.1\r\nHost: a\r\n\r\n",
		 {"\r\nCache-Control: no-cache, private\r\n",
		  "\r\nAudit-Id: ", "\r\nContent-Type: application/json"}},
		{"GET /version HTTP/1.1\r\nHost: a\r\naudit-id: mine\r\n\r\n", {"\r\nAudit-Id: mine\r\n"}},
		{"GET /version HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
		 {"\r\nContent-Length: "}},
		{"POST /version HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nContent-Length: 0\r\n\r\n",
		 {"HTTP/1.1 405 ", "\r\nAllow: GET\r\n"}},
		{"GET " CMS "/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nope\r\n\r\n",
		 {"HTTP/1.1 401 ", "\r\nWWW-Authenticate: Bearer\r\n"}},
	};
	struct raw r;
	raw_open(&r);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autobuf struct buf got = BUF_INIT;
		raw_send(&r, v[i].request);
		raw_read_head(&r, &got);
		for (size_t w = 0; w < ARRAY_LEN(v[i].want) && v[i].want[w]; w++)
			if (!strstr(buf_str(&got), v[i].want[w]))
				fail_msg("%s: %s", v[i].request, buf_str(&got));
	}
	raw_close(&r);
}

static void test_bad_requests(void **state)
{
	static const char *const v[][2] = {
		{"GET /api/v1/pods%zz HTTP/1.1\r\nHost: a\r\n\r\n", " 400 "},
		{"GET /version HTTP/9.9 x\r\n\r\n", " 400 "},
		{"POST " CMS
		 " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nContent-Length: 99999999999\r\n\r\n",
		 " 413 "},
		{"POST " CMS
		 " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nContent-Length: x\r\n\r\n",
		 " 400 "},
		{"POST " CMS " HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", " 403 "},
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct raw r;
		raw_open(&r);
		raw_send(&r, v[i][0]);
		raw_expect(&r, v[i][1]);
		raw_close(&r);
	}
}

/* The server answers and hangs up; whether the answer survives that depends on how much was still on its way.
 */
static void test_header_flood(void **state)
{
	struct raw r;
	struct http *h = client(NULL, NULL);
	autobuf struct buf flood = BUF_INIT;
	char p[1024] = "";
	buf_adds(&flood, "GET /api HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 40000; i++)
		buf_addf(&flood, "X-%d: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", i);
	raw_open(&r);
	SSL_write(r.ssl, flood.p, (int)flood.len);
	int n = SSL_read(r.ssl, p, sizeof(p) - 1);
	if (n > 0)
		assert_non_null(strstr(p, " 431 "));
	while (n > 0)
		n = SSL_read(r.ssl, p, sizeof(p));
	raw_close(&r);
	expect(h, "GET", "/version", NULL, NULL, 200, NULL);
	http_free(h);
}

static void test_split_and_pipelined(void **state)
{
	static const char text[] = "GET /version HTTP/1.1\r\nHost: a\r\n\r\n";
	struct raw r;
	raw_open(&r);
	for (size_t i = 0; text[i]; i++)
		assert_int_equal(SSL_write(r.ssl, text + i, 1), 1);
	raw_expect(&r, "platform");
	raw_send(
		&r,
		"GET /version HTTP/1.1\r\nHost: a\r\n\r\nGET /nope HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n");
	raw_expect(&r, "404 page not found");
	raw_close(&r);
}

/* One byte of a handshake, then silence: costs nothing and hurts nobody. */
static void test_half_handshake(void **state)
{
	int fds[20];
	struct http *h = client(NULL, NULL);
	for (size_t i = 0; i < 20; i++) {
		fds[i] = raw_connect();
		assert_int_equal(send(fds[i], "\x16\x03\x01\x01\x00", 5, MSG_NOSIGNAL), 5);
	}
	expect(h, "GET", "/version", NULL, NULL, 200, NULL);
	for (size_t i = 0; i < 20; i++)
		close(fds[i]);
	expect(h, "GET", "/version", NULL, NULL, 200, NULL);
	int fd = raw_connect(); /* no TLS at all */
	assert_true(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) > 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 120000), 1);
	close(fd);
	http_free(h);
}

/* A watcher that half-closes or vanishes ends its watch. */
static void test_watchers_that_leave(void **state)
{
	struct http *h = client(&admin_cert, &admin_key);
	expect(h, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"w\"}}", 201, NULL);
	for (int i = 0; i < 10; i++) {
		struct raw r;
		raw_open(&r);
		raw_send(&r,
			 "GET " CMS "?watch=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n");
		raw_expect(&r, "\"name\":\"w\"");
		shutdown(r.fd, i % 2 ? SHUT_WR : SHUT_RDWR);
		if (i % 2) { /* the server answers a half-close by closing */
			char p[1024];
			while (SSL_read(r.ssl, p, sizeof(p)) > 0)
				;
		}
		raw_close(&r);
	}
	expect(h, "DELETE", CMS "/w", NULL, NULL, 200, NULL);
	http_free(h);
}

/* What was sent behind a watch is answered when the watch has ended, whether it came along with it or later. */
static void test_behind_a_watch(void **state)
{
	for (int later = 0; later < 2; later++) {
		struct raw r;
		raw_open(&r);
		raw_send(&r, later ? WATCH_A_SECOND : WATCH_A_SECOND NEXT);
		if (later) {
			raw_expect(&r, "\r\n\r\n");
			raw_send(&r, NEXT);
		}
		raw_expect(&r, "platform");
		raw_close(&r);
	}
}

/* Whoever says in TLS that he is done has ended his watch, though the connection is still there. */
static void test_close_notify(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < 2; i++) {
		struct raw r;
		char p[64];
		raw_open_version(&r, versions[i]);
		raw_send(
			&r,
			"GET " CMS
			"?watch=1&resourceVersion=0 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n");
		raw_expect(&r, "\r\n\r\n");
		assert_int_equal(SSL_shutdown(r.ssl), 0);
		struct pollfd f = {.fd = r.fd, .events = POLLIN};
		do
			assert_int_equal(poll(&f, 1, 120000), 1);
		while (recv(r.fd, p, sizeof(p), 0) > 0);
		raw_close(&r);
	}
}

static void *stop_soon(void *arg)
{
	listener_stop(listener);
	return NULL;
}

/* Watches end cleanly when the server stops. */
static void test_shutdown(void **state)
{
	struct raw r;
	raw_open(&r);
	raw_send(&r,
		 "GET " CMS
		 "?watch=1&resourceVersion=0 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n");
	raw_expect(&r, "\r\n\r\n");
	pthread_t t = thread_start("stop", stop_soon, NULL);
	raw_expect(&r, "0\r\n\r\n");
	pthread_join(t, NULL);
	listener = NULL;
	raw_close(&r);
}

/* A long list that is on its way gets to its end. */
static void test_shutdown_in_a_list(void **state)
{
	struct http *h = client(&admin_cert, &admin_key);
	autofree char *value = mem_alloc(1000001);
	memset(value, 'x', 1000000);
	value[1000000] = 0;
	for (int i = 0; i < 20; i++) {
		autofree char *body =
			mem_printf("{\"metadata\":{\"name\":\"c%d\"},\"data\":{\"k\":\"%s\"}}", i, value);
		expect(h, "POST", CMS, NULL, body, 201, NULL);
	}
	struct raw r;
	raw_open(&r);
	raw_send(&r, "GET " CMS " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n");
	raw_expect(&r, "\"items\":[");
	int port = listener_port(listener);
	pthread_t t = thread_start("stop", stop_soon, NULL);
	while (port_is_open(port))
		sched_yield();
	autobuf struct buf all = BUF_INIT;
	static const char end[] = "]}\n\r\n0\r\n\r\n";
	char p[16384];
	for (int n; (n = SSL_read(r.ssl, p, sizeof(p))) > 0;) {
		buf_add(&all, p, (size_t)n);
		if (all.len >= sizeof(end) && !strcmp(buf_str(&all) + all.len - sizeof(end) + 1, end))
			break;
	}
	pthread_join(t, NULL);
	listener = NULL;
	assert_true(all.len > 15000000);
	assert_string_equal(all.p + all.len - sizeof(end) + 1, end);
	raw_close(&r);
	http_free(h);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_identity),	      TEST(test_bodies),
					   TEST(test_many_at_once),   TEST(test_watch),
					   TEST(test_long_list),      TEST(test_gzip),
					   TEST(test_headers),	      TEST(test_bad_requests),
					   TEST(test_header_flood),   TEST(test_split_and_pipelined),
					   TEST(test_half_handshake), TEST(test_watchers_that_leave),
					   TEST(test_behind_a_watch), TEST(test_close_notify),
					   TEST(test_shutdown),	      TEST(test_shutdown_in_a_list)};
	stop_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
