/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads that break off, are busy, are redirected or are lied about: a registry of the test's own, and a store beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <cmocka.h>

#include "client/server_test.h"
#include "image/registry.h"
#include "image/store.h"

#define SIZE 100000
#define ACTS 16

/* What the registry does at its nth answer about the blob; the last one holds for those after it, too. */
struct act {
	int status;	/* 0 = serve: 206 for a range, else 200 */
	size_t cut;	/* the connection ends after so many bytes; 0 = whole */
	bool whole;	/* ranges are not understood */
	bool other;	/* the bytes are another blob's */
	bool redirect;	/* to the store */
	size_t declare; /* so many bytes are sent, and declared; 0 = all */
};

struct scene {
	struct server registry, store;
	char blob[SIZE];
	char digest[IMAGE_DIGEST_MAX];
	struct act acts[ACTS];
	atomic_int answers, leaked, asked_store, tokens;
	bool auth;
	char ranges[256]; /* that were asked for; one connection at a time */
};

static size_t range_of(struct scene *s, const char *head)
{
	const char *p = strcasestr(head, "Range: bytes=");
	size_t from = p ? strtoull(p + strlen("Range: bytes="), NULL, 10) : 0, n = strlen(s->ranges);
	snprintf(s->ranges + n, sizeof(s->ranges) - n, "%s%zu", n ? " " : "", from);
	return from;
}

static void serve_blob(struct server_request *rq, struct scene *s, const struct act *a)
{
	autobuf struct buf b = BUF_INIT;
	size_t from = range_of(s, rq->head);
	if (a->whole)
		from = 0;
	size_t end = a->declare ? a->declare : SIZE, n = end > from ? end - from : 0;
	buf_addf(&b, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", from ? "206 Partial Content" : "200 OK",
		 n);
	for (size_t i = 0; i < n && (!a->cut || i < a->cut); i++)
		buf_addc(&b, (char)(s->blob[(from + i) % SIZE] ^ (a->other ? 1 : 0)));
	server_send(rq->fd, b.p, b.len);
	rq->close = a->cut;
}

static void on_store(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	atomic_fetch_add(&s->asked_store, 1);
	if (strcasestr(rq->head, "\nAuthorization:") || !strncasecmp(rq->head, "Authorization:", 14))
		atomic_fetch_add(&s->leaked, 1);
	serve_blob(rq, s, &(struct act){0});
}

static void on_request(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	if (!strncmp(rq->path, "/token", 6)) {
		autofree char *t = mem_printf("{\"token\":\"t%d\"}", atomic_fetch_add(&s->tokens, 1) + 1);
		server_reply(rq, 200, "", t);
		return;
	}
	autofree char *good = mem_printf("Bearer t%d", atomic_load(&s->tokens));
	bool manifest = strstr(rq->path, "/manifests/");
	int i = manifest ? 0 : atomic_fetch_add(&s->answers, 1);
	const struct act *a = &s->acts[i < ACTS ? i : ACTS - 1];
	if ((s->auth && !strstr(rq->head, good)) || (!manifest && a->status == 401)) {
		autofree char *h = mem_printf("WWW-Authenticate: Bearer realm=\"%s/token\",service=\"s\"\r\n",
					      rq->s->url);
		server_reply(rq, 401, h, "{}");
	} else if (manifest) {
		server_reply(rq, 200, "", "{}");
	} else if (a->status) {
		server_reply(rq, a->status, "Retry-After: 0\r\n", "{}");
	} else if (a->redirect) {
		autofree char *h = mem_printf("Location: %s/stored\r\n", s->store.url);
		server_reply(rq, 307, h, "");
	} else {
		serve_blob(rq, s, a);
	}
}

static void start(struct scene *s, const struct act *acts, bool auth)
{
	memset(s, 0, sizeof(*s));
	s->auth = auth;
	for (size_t i = 0; i < SIZE; i++)
		s->blob[i] = (char)(i * 7 + i / 251);
	image_digest_of(s->blob, SIZE, s->digest);
	memcpy(s->acts, acts, sizeof(s->acts));
	server_start(&s->registry, on_request, s);
	server_start(&s->store, on_store, s);
}

/* Downloads it as a pull does, after the manifest. */
static int download(struct scene *s, struct err *err)
{
	char path[] = "/tmp/registry_test.XXXXXX", ignored[IMAGE_DIGEST_MAX];
	autoclose int fd = mkstemp(path);
	autobuf struct buf manifest = BUF_INIT;
	struct image_ref ref = {.path = "a/b", .tag = "t"};
	snprintf(ref.domain, sizeof(ref.domain), "127.0.0.1:%d", s->registry.port);
	const struct registry_options o = {.username = s->auth ? "u" : NULL, .password = "p"};
	struct registry *r = registry_open(&ref, &o, err);
	struct image_descriptor d = {.size = SIZE};
	memcpy(d.digest, s->digest, sizeof(d.digest));
	unlink(path);
	if (registry_manifest(r, "t", &manifest, ignored, err) < 0)
		fail_msg("%s", err->msg);
	int rc = registry_blobs(r, &d, &fd, 1, err);
	if (rc == 0) {
		autofree char *got = mem_alloc(SIZE + 1);
		assert_int_equal(pread(fd, got, SIZE + 1, 0), SIZE);
		assert_memory_equal(got, s->blob, SIZE);
	}
	registry_close(r);
	server_stop(&s->registry);
	server_stop(&s->store);
	return rc;
}

static void test_downloads(void **state)
{
	static const struct {
		const char *what;
		struct act acts[ACTS];
		bool auth;
		const char *ranges; /* in order */
		const char *want;   /* NULL: it comes */
	} rows[] = {
		{"at once", {{0}}, false, "0", NULL},
		{"cut twice, goes on where it was",
		 {{.cut = 30000}, {.cut = 30000}},
		 false,
		 "0 30000 60000",
		 NULL},
		{"cut, and ranges are not understood: from the beginning",
		 {{.cut = 30000}, {.whole = true}},
		 false,
		 "0 30000",
		 NULL},
		{"cut, and what is resumed is another blob's: from the beginning, once",
		 {{.cut = 30000}, {.other = true}, {0}},
		 false,
		 "0 30000 0",
		 NULL},
		{"cut, and the rest is gone: from the beginning",
		 {{.cut = 30000}, {.status = 416}},
		 false,
		 "0 0",
		 NULL},
		{"busy for a while", {{.status = 429}, {.status = 503}, {.status = 500}}, false, "0", NULL},
		{"busy in the middle", {{.cut = 30000}, {.status = 503}}, false, "0 30000", NULL},
		{"busy without end",
		 {{.status = 503},
		  {.status = 503},
		  {.status = 503},
		  {.status = 503},
		  {.status = 503},
		  {.status = 503}},
		 false,
		 "",
		 "unexpected status from GET request"},
		{"ends early, but as if it were whole", {{.declare = 50000}, {0}}, false, "0 50000", NULL},
		{"is smaller than told",
		 {{.declare = 50000},
		  {.declare = 50000},
		  {.declare = 50000},
		  {.declare = 50000},
		  {.declare = 50000},
		  {.declare = 50000},
		  {.declare = 50000}},
		 false,
		 "0 50000 50000 50000 50000 50000",
		 "blob has 50000 bytes, its descriptor says 100000"},
		{"is larger than told",
		 {{.declare = SIZE + 1}},
		 false,
		 "0",
		 "larger than its descriptor says"},
		{"is another", {{.other = true}, {.other = true}}, false, "0", "digest mismatch"},
		{"is gone", {{.status = 404}}, false, "", "not found"},
		{"a token runs out in the middle", {{.cut = 30000}, {.status = 401}}, true, "0 30000", NULL},
		{"one that is never good enough",
		 {{.status = 401}, {.status = 401}},
		 true,
		 "",
		 "pull access denied"},
		{"the bytes are elsewhere", {{.redirect = true}}, true, "0", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene *s = MEM_NEW(struct scene);
		struct err err = ERR_INIT;
		start(s, rows[i].acts, rows[i].auth);
		int rc = download(s, &err);
		if ((rc == 0) != !rows[i].want || (rows[i].want && !strstr(err.msg, rows[i].want)))
			fail_msg("%s: %s", rows[i].what, rc == 0 ? "it came" : err.msg);
		if (strcmp(s->ranges, rows[i].ranges) != 0)
			fail_msg("%s: ranges \"%s\", not \"%s\"", rows[i].what, s->ranges, rows[i].ranges);
		/* What a registry is told is not for whoever keeps its bytes. */
		assert_int_equal(atomic_load(&s->leaked), 0);
		assert_int_equal(atomic_load(&s->asked_store), rows[i].acts[0].redirect);
		free(s);
	}
}

static void on_mirror(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	autofree char *secret = server_header(rq, "Authorization");
	if (secret && !strncmp(secret, "Basic", 5))
		atomic_fetch_add(&s->leaked, 1);
	if (!strncmp(rq->path, "/token", 6))
		server_reply(rq, 200, "", "{\"token\":\"m\"}");
	else if (!secret)
		server_reply(rq, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "{}");
	else
		server_reply(rq, 404, "", "{}");
}

static void on_proxy(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	atomic_fetch_add(&s->asked_store, !strcmp(rq->path, "/proxy/v2/a/b/manifests/t?ns=reg.io"));
	server_reply(rq, 200, "", "{\"mirrored\":true}");
}

/* A mirror is told whose image is wanted, and nothing of who wants it. */
static void test_mirrors(void **state)
{
	struct scene *s = MEM_NEW(struct scene);
	struct err err = ERR_INIT;
	struct image_ref ref = {.domain = "reg.io", .path = "a/b", .tag = "t"};
	char digest[IMAGE_DIGEST_MAX];
	autobuf struct buf got = BUF_INIT;
	server_start(&s->registry, on_mirror, s);
	server_start(&s->store, on_proxy, s);
	struct image_host asks = {.url = s->registry.url, .mirror = true}, gives = {.mirror = true};
	gives.url = mem_printf("%s/proxy/v2", s->store.url);
	struct registry_options o = {.username = "u", .password = "p", .host = &asks};
	struct registry *r = registry_open(&ref, &o, &err);
	assert_int_equal(registry_manifest(r, "t", &got, digest, &err), -1);
	assert_int_equal(err.reason, REASON_UNAUTHORIZED);
	registry_close(r);
	assert_int_equal(atomic_load(&s->leaked), 0);
	o.host = &gives;
	r = registry_open(&ref, &o, &err);
	assert_int_equal(registry_manifest(r, "t", &got, digest, &err), 0);
	assert_string_equal(got.p, "{\"mirrored\":true}");
	assert_int_equal(atomic_load(&s->asked_store), 1);
	registry_close(r);
	/* The registry itself, by its own file, gets them. */
	asks.mirror = false;
	o.host = &asks;
	r = registry_open(&ref, &o, &err);
	assert_int_equal(registry_manifest(r, "t", &got, digest, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	registry_close(r);
	assert_int_equal(atomic_load(&s->leaked), 1);
	server_stop(&s->registry);
	server_stop(&s->store);
	free(gives.url);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_downloads), cmocka_unit_test(test_mirrors)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
