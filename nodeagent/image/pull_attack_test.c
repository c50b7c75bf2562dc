/* SPDX-License-Identifier: Apache-2.0 */
/* Images that lie or attack, from a scripted registry, and a disk that is full in the middle of a pull. */
#include "image/pull.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "client/server_test.h"
#include "image/rig_test.h"
#include "image/unpack.h"
#include "os/tree.h"

struct attack {
	const char *what;
	int64_t layer_size;   /* that the manifest says; 0 = what it is */
	int64_t config_size;  /* the same */
	const char *diff_ids; /* NULL = the right one */
	size_t layers;	      /* the layer so many times; 0 = once */
	const char *content;  /* of the layer; NULL = a good one */
	size_t spaces;	      /* in front of the config */
	size_t manifest_spaces;
	bool nested; /* the index names an index */
	const char *said;
};

struct attacked {
	struct buf manifest, config, layer;
	char config_digest[IMAGE_DIGEST_MAX], layer_digest[IMAGE_DIGEST_MAX];
};

static void send_bytes(struct server_request *rq, const struct buf *b)
{
	autobuf struct buf out = BUF_INIT;
	buf_addf(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", b->len);
	buf_add(&out, b->p, b->len);
	server_send(rq->fd, out.p, out.len);
}

static void attack_handler(struct server_request *rq)
{
	const struct attacked *t = rq->s->arg;
	if (strstr(rq->path, "/manifests/"))
		send_bytes(rq, strstr(rq->path, t->config_digest) ? &t->config : &t->manifest);
	else if (strstr(rq->path, t->config_digest))
		send_bytes(rq, &t->config);
	else if (strstr(rq->path, t->layer_digest))
		send_bytes(rq, &t->layer);
	else
		server_reply(rq, 404, "", "{}");
}

static void add_spaces(struct buf *b, size_t n)
{
	while (n--)
		buf_addc(b, ' ');
}

static void make_attack(const struct attack *a, struct attacked *t)
{
	*t = (struct attacked){0};
	if (a->content)
		buf_adds(&t->layer, a->content);
	else
		make_layer(a->what, &t->layer);
	image_digest_of(t->layer.p, t->layer.len, t->layer_digest);
	add_spaces(&t->config, a->spaces);
	if (a->nested)
		buf_adds(&t->config, "{\"schemaVersion\":2,\"manifests\":[]}");
	else
		buf_adds(&t->config, "{\"rootfs\":{\"diff_ids\":[");
	if (a->diff_ids)
		buf_adds(&t->config, a->diff_ids);
	for (size_t i = 0; !a->diff_ids && !a->nested && i < (a->layers ? a->layers : 1); i++)
		buf_addf(&t->config, "%s\"%s\"", i ? "," : "", t->layer_digest);
	if (!a->nested)
		buf_adds(&t->config, "]}}");
	image_digest_of(t->config.p, t->config.len, t->config_digest);
	add_spaces(&t->manifest, a->manifest_spaces);
	if (a->nested) {
		buf_addf(&t->manifest, "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"%s\",\"size\":1}]}",
			 t->config_digest);
		return;
	}
	buf_addf(&t->manifest,
		 "{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\",\"size\":%lld},\"layers\":[",
		 t->config_digest, (long long)(a->config_size ? a->config_size : (int64_t)t->config.len));
	for (size_t i = 0; i < (a->layers ? a->layers : 1); i++)
		buf_addf(&t->manifest, "%s{\"digest\":\"%s\",\"size\":%lld}", i ? "," : "", t->layer_digest,
			 (long long)(a->layer_size ? a->layer_size : (int64_t)t->layer.len));
	buf_adds(&t->manifest, "]}");
}

static void free_attack(struct attacked *t)
{
	buf_release(&t->manifest);
	buf_release(&t->config);
	buf_release(&t->layer);
}

static bool count_name(void *arg, const char *name)
{
	++*(size_t *)arg;
	return true;
}

static size_t left_in(const char *store)
{
	static const char *const subs[] = {"ingest", "layers", "records", "blobs"};
	struct err err = ERR_INIT;
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
		autofree char *dir = mem_printf("%s/%s/%s", root, store, subs[i]);
		assert_int_equal(tree_names(dir, count_name, &n, &err), 0);
	}
	return n;
}

/* Each is answered with what is wrong with it, and nothing of it is left. */
static void test_attacks(void **state)
{
#define ZEROS "\"sha256:0000000000000000000000000000000000000000000000000000000000000000\""
	static const struct attack rows[] = {
		{.what = "a layer that is longer",
		 .layer_size = 10,
		 .said = "blob is larger than its descriptor says"},
		{.what = "a layer of petabytes",
		 .layer_size = INT64_C(1) << 51,
		 .said = "unreasonable size of sha256:"},
		{.what = "a negative size", .layer_size = -2, .said = "unreasonable size of sha256:"},
		{.what = "no tar",
		 .content = "not a tar, but long enough to be taken for one",
		 .said = "layer: "},
		{.what = "not what the config says",
		 .diff_ids = ZEROS,
		 .said = "failed to extract layer sha256:0000000000000000000000000000000000000000000000000000000000000000: "
			 "wrong diff id calculated on extraction \"sha256:"},
		{.what = "no diff id",
		 .diff_ids = "",
		 .said = "mismatched image rootfs and manifest layers: 0 diff_ids, 1 layers"},
		{.what = "a diff id too many",
		 .diff_ids = ZEROS "," ZEROS,
		 .said = "mismatched image rootfs and manifest layers: 2 diff_ids, 1 layers"},
		{.what = "a diff id that is none",
		 .diff_ids = "\"../../etc\"",
		 .said = "image config: unsupported digest \"../../etc\""},
		{.what = "many layers", .layers = 3000, .said = "more than 128 layers"},
		{.what = "an index of an index", .nested = true, .said = "holds an index"},
		{.what = "a config of absurd size",
		 .spaces = 9 << 20,
		 .said = "the reply is larger than allowed"},
		{.what = "one that says so",
		 .config_size = INT64_C(1) << 39,
		 .said = "bytes, its descriptor says 549755813888"},
		{.what = "one of another size", .config_size = 5, .said = "bytes, its descriptor says 5"},
		{.what = "a manifest of absurd size",
		 .manifest_spaces = 5 << 20,
		 .said = "the reply is larger than allowed"},
		{.what = "bomb", .layers = 1, .said = "layer: unpacks to more than 600 bytes"},
	};
	if (geteuid() != 0)
		skip();
	struct image_store *s = open_store("attacks");
	struct image_puller *p = image_puller_new(s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct attacked t;
		struct err err = ERR_INIT;
		struct server sv;
		struct registry_options o = {0};
		make_attack(&rows[i], &t);
		server_start(&sv, attack_handler, &t);
		autofree char *name = mem_printf("127.0.0.1:%d/a/b:t", sv.port);
		int64_t before = image_unpack_bound(!strcmp(rows[i].what, "bomb") ? 600 : 0);
		if (image_pull(p, name, &o, NULL, &err) || !strstr(err.msg, rows[i].said))
			fail_msg("%s: %s", rows[i].what, err.msg);
		image_unpack_bound(before);
		if (left_in("attacks"))
			fail_msg("%s: %zu files are left", rows[i].what, left_in("attacks"));
		server_stop(&sv);
		free_attack(&t);
	}
	image_puller_free(p);
	image_store_free(s);
}

/* What was written goes away again, and what fits comes. */
static void test_full_disk(void **state)
{
	autofree char *dir = mem_printf("%s/full", root);
	struct err err = ERR_INIT;
	assert_int_equal(mkdir(dir, 0700), 0);
	/* a mount that ends with this process */
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=1m") < 0)
		skip();
	struct image_store *s = open_store("full");
	struct image_puller *p = image_puller_new(s);
	/* the download does not fit; it does, but not what it unpacks to; both do */
	static const struct {
		size_t content;
		const char *said;
	} rows[] = {{2 << 20, "write layer: No space left on device"},
		    {900 << 10, "hello: No space left on device"},
		    {10, NULL}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct server sv;
		struct registry_options o = {0};
		struct attacked t;
		autofree char *text = mem_zalloc(rows[i].content + 1);
		memset(text, 'x', rows[i].content);
		const struct attack a = {.what = text};
		make_attack(&a, &t);
		server_start(&sv, attack_handler, &t);
		autofree char *name = mem_printf("127.0.0.1:%d/a/b:t", sv.port);
		struct image_record *r = image_pull(p, name, &o, NULL, &err);
		if (!rows[i].said != !!r || (rows[i].said && !strstr(err.msg, rows[i].said)))
			fail_msg("%zu: %s", rows[i].content, err.msg);
		if (!r)
			assert_int_equal(left_in("full"), 0);
		image_record_unref(r);
		server_stop(&sv);
		free_attack(&t);
		err = (struct err)ERR_INIT;
	}
	image_puller_free(p);
	image_store_free(s);
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_attacks), cmocka_unit_test(test_full_disk)};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
