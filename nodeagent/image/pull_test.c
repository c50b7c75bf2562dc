/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import of archives, the store, and pulls from a real registry (Debian's docker-registry, fed by skopeo)
 * over HTTP and HTTPS, with gzip and zstd layers, an index, basic auth; and from a scripted one that lies or
 * asks for tokens.
 */
#include "image/pull.h"

#include <archive.h>
#include <archive_entry.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/base64.h"
#include "base/clock.h"
#include "base/port_test.h"
#include "base/thread.h"
#include "client/http.h"
#include "client/server_test.h"
#include "client/tls.h"
#include "image/import.h"
#include "image/rig_test.h"
#include "os/process.h"
#include "os/tree.h"
#include "object/json_test.h"

#define HTPASSWD "user:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n" /* "secret" */

static void add_blob(struct archive *a, const char *digest, const struct buf *b)
{
	autofree char *path = mem_printf("./blobs/sha256/%s", digest + 7);
	add(a, path, b->p, b->len);
}

static char *oci_archive(const char *name, const struct image *i)
{
	char *file = mem_printf("%s/%s", root, name);
	struct archive *a = archive_write_new();
	archive_write_set_format_ustar(a);
	assert_int_equal(archive_write_open_filename(a, file), ARCHIVE_OK);
	add(a, "oci-layout", JSON("{'imageLayoutVersion':'1.0.0'}"), 30);
	add_blob(a, i->layer_digest, &i->layer);
	add_blob(a, i->config_digest, &i->config);
	add_blob(a, i->digest, &i->manifest);
	add(a, "index.json", i->index.p, i->index.len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return file;
}

static char *docker_archive(const char *name, const struct image *i, const char *tag)
{
	char *file = mem_printf("%s/%s", root, name);
	autofree char *manifest = mem_printf(
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"x/layer.tar\"]}]", tag);
	struct archive *a = archive_write_new();
	archive_write_set_format_ustar(a);
	assert_int_equal(archive_write_open_filename(a, file), ARCHIVE_OK);
	add(a, "manifest.json", manifest, strlen(manifest));
	add(a, "c.json", i->config.p, i->config.len);
	add(a, "x/layer.tar", i->layer.p, i->layer.len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return file;
}

static struct image_record *must_get(struct image_store *s, const char *name)
{
	struct err err = ERR_INIT;
	struct image_record *r = image_store_get(s, name, &err);
	if (!r)
		fail_msg("%s", err.msg);
	return r;
}

/* ---- store and import ---- */

static void test_import(void **state)
{
	struct err err = ERR_INIT;
	struct image one, two;
	make_image(&one, "one", "example.com/app:v1");
	make_image(&two, "two", "v2");
	autofree char *a = oci_archive("one.tar", &one), *b = oci_archive("two.tar", &two),
		      *d = docker_archive("d.tar", &two, "app:docker");
	struct image_store *s = open_store("import");
	assert_int_equal(image_import(s, a, NULL, true, &err), 1);
	struct image_record *r = must_get(s, "example.com/app:v1");
	assert_string_equal(r->id, one.config_digest);
	assert_string_equal(r->config.entrypoint[0], "/ep");
	assert_string_equal(r->config.cmd[1], "b");
	assert_string_equal(r->config.user, "nobody");
	assert_string_equal(r->config.stop_signal, "SIGQUIT");
	expect_hello(s, r, "one");
	image_record_unref(r);
	/* A bare tag is no name; the caller's is used. The name moves, the old image keeps its id. */
	assert_int_equal(image_import(s, b, "example.com/app:v1", true, &err), 1);
	r = must_get(s, "example.com/app:v1");
	assert_string_equal(r->id, two.config_digest);
	image_record_unref(r);
	r = must_get(s, one.config_digest);
	assert_null(r->names[0]);
	image_record_unref(r);
	assert_int_equal(image_import(s, d, NULL, true, &err), 1);
	image_store_free(s);

	/* All of it is there after a restart. */
	s = open_store("import");
	r = must_get(s, "docker.io/library/app:docker");
	assert_string_equal(r->id, two.config_digest);
	assert_string_equal(r->names[1], "example.com/app:v1");
	expect_hello(s, r, "two");
	autofree char *layer = image_store_layer_path(s, two.layer_digest);
	assert_int_equal(access(layer, F_OK), 0);
	int64_t freed = -1;
	assert_int_equal(image_store_remove(s, r->id, &freed, &err), 0);
	assert_true(freed > 0);
	image_record_unref(r);
	assert_int_equal(access(layer, F_OK), -1);
	assert_null(image_store_get(s, "app:docker", &err));
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	r = must_get(s, one.config_digest);
	expect_hello(s, r, "one");
	image_record_unref(r);
	image_store_free(s);
	free_image(&one);
	free_image(&two);
}

static bool is_pinned(struct image_store *s, const char *name)
{
	struct image_record *r = must_get(s, name);
	bool pinned = r->pinned;
	image_record_unref(r);
	return pinned;
}

/* What was imported is pinned, until that is taken back or its name is another's. */
static void test_pins(void **state)
{
	struct err err = ERR_INIT;
	struct image one, two;
	make_image(&one, "one", "pins/app:v1");
	make_image(&two, "two", "v2");
	autofree char *a = oci_archive("p1.tar", &one), *b = oci_archive("p2.tar", &two);
	struct image_store *s = open_store("pins");
	assert_int_equal(image_import(s, a, NULL, true, &err), 1);
	assert_true(is_pinned(s, one.config_digest));
	image_store_free(s);
	s = open_store("pins");
	assert_true(is_pinned(s, one.config_digest));
	assert_int_equal(image_import(s, a, NULL, false, &err), 1);
	assert_false(is_pinned(s, one.config_digest));
	assert_int_equal(image_import(s, a, NULL, true, &err), 1);
	/* The same image from a registry, under another name. */
	struct image_record *r = must_get(s, one.config_digest);
	struct image_manifest m = {.layers = mem_array(r->n_layers, sizeof(*m.layers)), .n = r->n_layers};
	for (size_t i = 0; i < m.n; i++)
		memcpy(m.layers[i].digest, r->layers[i], IMAGE_DIGEST_MAX);
	const char *const names[] = {"docker.io/pins/other:v1", NULL};
	const struct image_entry e = {.size = r->size, .names = names, .pin = IMAGE_PIN_AS_BEFORE};
	image_record_unref(r);
	r = image_store_commit(s, &m, one.config.p, one.config.len, &e, &err);
	assert_non_null(r);
	image_record_unref(r);
	image_manifest_release(&m);
	assert_true(is_pinned(s, one.config_digest));
	/* It has a name left, then none. */
	assert_int_equal(image_import(s, b, "pins/app:v1", true, &err), 1);
	assert_true(is_pinned(s, one.config_digest));
	assert_true(is_pinned(s, two.config_digest));
	assert_int_equal(image_import(s, b, "pins/other:v1", true, &err), 1);
	assert_false(is_pinned(s, one.config_digest));
	assert_true(is_pinned(s, two.config_digest));
	image_store_free(s);
	free_image(&one);
	free_image(&two);
}

/* The same image, its layer compressed: another blob with the same contents. */
static void make_compressed(struct image *ret, const struct image *from, const char *annotation)
{
	struct err err = ERR_INIT;
	autofree char *tmp = mem_printf("%s/layer.gz", root);
	struct archive *a = archive_write_new();
	*ret = (struct image){.layer = BUF_INIT};
	archive_write_set_format_raw(a);
	archive_write_add_filter_gzip(a);
	assert_int_equal(archive_write_open_filename(a, tmp), ARCHIVE_OK);
	add(a, "layer", from->layer.p, from->layer.len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	assert_int_equal(tree_read(tmp, 4 << 20, &ret->layer, &err), 0);
	buf_add(&ret->config, from->config.p, from->config.len);
	memcpy(ret->config_digest, from->config_digest, sizeof(ret->config_digest));
	image_digest_of(ret->layer.p, ret->layer.len, ret->layer_digest);
	describe_image(ret, annotation);
}

/* Containers stand on its layers: they stay those of the image that was there before. */
static void test_same_image_otherwise_compressed(void **state)
{
	struct err err = ERR_INIT;
	struct image plain, zipped, other;
	make_image(&plain, "same", "same:v1");
	make_compressed(&zipped, &plain, "same:v2");
	make_image(&other, "other", "other:v1");
	assert_string_not_equal(plain.layer_digest, zipped.layer_digest);
	autofree char *a = oci_archive("s1.tar", &plain), *b = oci_archive("s2.tar", &zipped),
		      *c = oci_archive("s3.tar", &other);
	struct image_store *s = open_store("same");
	assert_int_equal(image_import(s, a, NULL, true, &err), 1);
	assert_int_equal(image_import(s, b, NULL, true, &err), 1);
	assert_int_equal(image_import(s, c, NULL, true, &err), 1);
	assert_int_equal(image_store_remove(s, other.config_digest, NULL, &err), 0); /* and sweeps */
	autofree char *layer = image_store_layer_path(s, plain.layer_digest);
	assert_int_equal(access(layer, F_OK), 0);
	struct image_record *r = must_get(s, "same:v2");
	assert_string_equal(r->id, plain.config_digest);
	expect_hello(s, r, "same");
	image_record_unref(r);
	image_store_free(s);
	/* what nobody names goes at the next start */
	s = open_store("same");
	autofree char *second = image_store_layer_path(s, zipped.layer_digest);
	assert_int_equal(access(layer, F_OK), 0);
	assert_int_equal(access(second, F_OK), -1);
	image_store_free(s);
	free_image(&plain);
	free_image(&zipped);
	free_image(&other);
}

/* `nodeagent image import` beside a running agent. */
static void test_two_users(void **state)
{
	struct err err = ERR_INIT;
	struct image one, two;
	make_image(&one, "1", "two.users/app:v1");
	make_image(&two, "2", "two.users/app:v1");
	autofree char *a = oci_archive("u1.tar", &one), *b = oci_archive("u2.tar", &two), *tmp = NULL;
	struct image_store *agent = open_store("users");
	autoclose int fd = image_store_ingest(agent, &tmp, &err);
	assert_true(fd >= 0);
	assert_null(image_store_get(agent, "two.users/app:v1", &err));
	for (int i = 0; i < 2; i++) {
		struct image_store *other = open_store("users");
		assert_int_equal(image_import(other, i ? b : a, NULL, true, &err), 1);
		image_store_free(other);
		struct image_record *r = must_get(agent, "two.users/app:v1");
		assert_string_equal(r->id, i ? two.config_digest : one.config_digest);
		expect_hello(agent, r, i ? "2" : "1");
		image_record_unref(r);
	}
	struct image_record *old = must_get(agent, one.config_digest);
	assert_null(old->names[0]);
	image_record_unref(old);
	assert_int_equal(access(tmp, F_OK), 0); /* the agent's download is not swept away */
	image_store_free(agent);
	image_store_free(open_store("users"));
	assert_int_equal(access(tmp, F_OK), -1);
	free_image(&one);
	free_image(&two);
}

static void test_import_broken(void **state)
{
	struct err err = ERR_INIT;
	struct image i;
	struct image_store *s = open_store("broken");
	make_image(&i, "good", "x:1");
	/* A blob under another's name: known by what it is, so the right one is missing. */
	buf_addc(&i.layer, 'x');
	autofree char *a = oci_archive("lie.tar", &i), *none = mem_printf("%s/none.tar", root);
	assert_int_equal(image_import(s, a, NULL, true, &err), -1);
	assert_non_null(strstr(err.msg, "is missing"));
	assert_int_equal(image_import(s, none, NULL, true, &err), -1);
	assert_int_equal(tree_write(none, "junk", 4, 0644, TREE_VOLATILE, &err), 0);
	assert_int_equal(image_import(s, none, NULL, true, &err), -1);
	size_t n;
	free(image_store_list(s, &n));
	assert_int_equal(n, 0);
	image_store_free(s);
	free_image(&i);
}

/* ---- a real registry ---- */

static bool run(const char *const *argv)
{
	struct err err = ERR_INIT;
	autobuf struct buf out = BUF_INIT_MAX(65536);
	struct process_spec s = {.argv = argv, .errors = &out};
	int status = -1;
	if (process_run(&s, &status, &err) < 0 || status) {
		print_message("%s: %s %s\n", argv[0], err.msg, buf_str(&out));
		return false;
	}
	return true;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static bool answers(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	autoclose int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connect(s, (struct sockaddr *)&a, sizeof(a)) == 0;
}

struct daemon {
	pid_t pid;
	int port;
	char host[64];
};

static struct daemon start_registry(const char *name, bool tls, bool auth)
{
	struct daemon d = {.port = port_test_take()};
	struct err err = ERR_INIT;
	snprintf(d.host, sizeof(d.host), "127.0.0.1:%d", d.port);
	autofree char *config = mem_printf("%s/%s.yml", root, name),
		      *passwd = mem_printf("%s/htpasswd", root);
	autobuf struct buf b = BUF_INIT;
	buf_addf(
		&b,
		"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: %s/%s\nhttp:\n  addr: %s\n",
		root, name, d.host);
	if (tls)
		buf_addf(&b, "  tls:\n    certificate: %s/reg.crt\n    key: %s/reg.key\n", root, root);
	if (auth)
		buf_addf(&b, "auth:\n  htpasswd:\n    realm: test\n    path: %s\n", passwd);
	assert_int_equal(tree_write(config, b.p, b.len, 0644, TREE_VOLATILE, &err), 0);
	assert_int_equal(tree_write(passwd, HTPASSWD, strlen(HTPASSWD), 0644, TREE_VOLATILE, &err), 0);
	char *argv[] = {(char *)"docker-registry", (char *)"serve", config, NULL};
	posix_spawn_file_actions_t fa;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawnp(&d.pid, argv[0], &fa, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&fa);
	for (int64_t end = clock_mono_ns() + 120 * NS_PER_S; !answers(d.port);) {
		assert_true(clock_mono_ns() < end);
		assert_int_equal(waitpid(d.pid, NULL, WNOHANG), 0);
		(void)poll(NULL, 0, 10); /* a port says nothing before it listens */
	}
	return d;
}

static void stop(struct daemon *d)
{
	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
}

static bool tools_missing(void)
{
	return !RUN("sh", "-c", "command -v docker-registry && command -v skopeo") || geteuid() != 0;
}

static struct image_record *pull(struct image_puller *p, const char *name, const struct registry_options *o)
{
	struct err err = ERR_INIT;
	struct image_record *r = image_pull(p, name, o, NULL, &err);
	if (!r)
		fail_msg("%s", err.msg);
	return r;
}

static void test_http(void **state)
{
	if (tools_missing())
		skip();
	struct image i;
	struct err err = ERR_INIT;
	make_image(&i, "over http", "x:1");
	autofree char *a = oci_archive("http.tar", &i), *from = mem_printf("oci-archive:%s", a);
	struct daemon d = start_registry("http", false, false);
	autofree char *gz = mem_printf("%s/team/app:gz", d.host),
		      *zst = mem_printf("%s/team/app:zst", d.host), *to_gz = mem_printf("docker://%s", gz),
		      *to_zst = mem_printf("docker://%s", zst),
		      *none = mem_printf("%s/team/app:none", d.host);
	bool fed =
		RUN("skopeo", "copy", "--dest-tls-verify=false", "--dest-compress-format=gzip",
		    "--dest-compress", from, to_gz) &&
		RUN("skopeo", "copy", "--dest-tls-verify=false", "--dest-compress-format=zstd", from, to_zst);
	assert_true(fed);
	struct image_store *s = open_store("http-store");
	struct image_puller *p = image_puller_new(s);
	struct registry_options o = {0};
	struct image_record *r = pull(p, gz, &o);
	expect_hello(s, r, "over http");
	assert_string_equal(r->names[1], gz);
	assert_non_null(strstr(r->names[0], "/team/app@sha256:"));
	/* By digest, and it is there already. */
	struct image_record *again = pull(p, r->names[0], &o);
	assert_string_equal(again->id, r->id);
	image_record_unref(again);
	image_record_unref(r);
	r = pull(p, zst, &o);
	expect_hello(s, r, "over http");
	image_record_unref(r);
	assert_null(image_pull(p, none, &o, NULL, &err));
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	assert_non_null(strstr(err.msg, "team/app:none: not found"));
	stop(&d);
	assert_null(image_pull(p, gz, &o, NULL, &err));
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	image_puller_free(p);
	image_store_free(s);
	free_image(&i);
}

static void write_certs(void)
{
	struct err err = ERR_INIT;
	autobuf struct buf ca = BUF_INIT, ca_key = BUF_INIT, cert = BUF_INIT, key = BUF_INIT;
	struct tls_cert_spec spec = {.common_name = "registry",
				     .ips = (const char *const[]){"127.0.0.1", NULL},
				     .server = true,
				     .days = 1};
	assert_int_equal(tls_make_ca("test", 1, &ca, &ca_key, &err), 0);
	assert_int_equal(tls_make_cert(ca.p, ca_key.p, &spec, &cert, &key, &err), 0);
	autofree char *a = mem_printf("%s/ca.crt", root), *b = mem_printf("%s/reg.crt", root),
		      *c = mem_printf("%s/reg.key", root);
	assert_int_equal(tls_write_pem(a, ca.p, false, &err), 0);
	assert_int_equal(tls_write_pem(b, cert.p, false, &err), 0);
	assert_int_equal(tls_write_pem(c, key.p, true, &err), 0);
}

static void test_https_auth(void **state)
{
	if (tools_missing())
		skip();
	struct image i;
	struct err err = ERR_INIT;
	make_image(&i, "over https", "x:1");
	write_certs();
	autofree char *a = oci_archive("https.tar", &i), *from = mem_printf("oci-archive:%s", a),
		      *ca = mem_printf("%s/ca.crt", root);
	struct daemon d = start_registry("https", true, true);
	autofree char *name = mem_printf("%s/app:1", d.host), *to = mem_printf("docker://%s", name);
	assert_true(RUN("skopeo", "copy", "--dest-creds=user:secret", "--dest-tls-verify=false",
			"--dest-compress-format=zstd", from, to));
	struct image_store *s = open_store("https-store");
	struct image_puller *p = image_puller_new(s);
	struct registry_options good = {.username = "user", .password = "secret", .ca_file = ca},
				wrong = {.username = "user", .password = "guess", .ca_file = ca},
				anonymous = {.ca_file = ca},
				unknown_ca = {.username = "user", .password = "secret"};
	assert_null(image_pull(p, name, &wrong, NULL, &err));
	assert_int_equal(err.reason, REASON_UNAUTHORIZED);
	assert_null(image_pull(p, name, &anonymous, NULL, &err));
	assert_int_equal(err.reason, REASON_UNAUTHORIZED);
	assert_null(image_pull(p, name, &unknown_ca, NULL, &err));
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	struct image_record *r = pull(p, name, &good);
	expect_hello(s, r, "over https");
	image_record_unref(r);
	image_puller_free(p);
	image_store_free(s);
	stop(&d);
	free_image(&i);
}

/* ---- a scripted registry: tokens, indexes, lies ---- */

struct script {
	struct image i;
	char index_digest[IMAGE_DIGEST_MAX];
	struct buf index;
	bool lie;
	atomic_int layers, manifests;
};

static void script_manifest(struct server_request *rq, struct script *sc)
{
	atomic_fetch_add(&sc->manifests, 1);
	if (!strcasestr(rq->head, "Authorization: Bearer t0ken")) {
		autofree char *h = mem_printf(
			"WWW-Authenticate: Bearer realm=\"%s/token\",service=\"s\",scope=\"repository:a/b:pull\"\r\n",
			rq->s->url);
		server_reply(rq, 401, h, "{}");
	} else if (strstr(rq->path, sc->i.digest)) {
		server_reply(rq, 200, "", sc->i.manifest.p);
	} else {
		server_reply(rq, 200, "", sc->index.p);
	}
}

static void script_handler(struct server_request *rq)
{
	struct script *sc = rq->s->arg;
	if (!strncmp(rq->path, "/token?", 7)) {
		bool ok = strstr(rq->path, "service=s") && strstr(rq->path, "scope=repository");
		server_reply(rq, ok ? 200 : 400, "", JSON("{'token':'t0ken'}"));
	} else if (strstr(rq->path, "/manifests/")) {
		script_manifest(rq, sc);
	} else if (strstr(rq->path, sc->i.config_digest)) {
		server_reply(rq, 200, "", sc->i.config.p);
	} else if (strstr(rq->path, sc->i.layer_digest)) {
		autobuf struct buf b = BUF_INIT;
		atomic_fetch_add(&sc->layers, 1);
		buf_addf(&b, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", sc->i.layer.len);
		buf_add(&b, sc->i.layer.p, sc->i.layer.len);
		if (sc->lie)
			b.p[b.len - 1] ^= 1;
		server_send(rq->fd, b.p, b.len);
	} else {
		server_reply(rq, 404, "", "{}");
	}
}

static void make_script(struct script *sc, bool lie)
{
	*sc = (struct script){.lie = lie};
	make_image(&sc->i, lie ? "lies" : "scripted", "x:1");
	buf_addf(
		&sc->index,
		"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"%s\",\"size\":1,\"platform\":{\"os\":\"windows\","
		"\"architecture\":\"%s\"}},{\"digest\":\"%s\",\"size\":%zu,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}]}",
		sc->i.config_digest, image_arch(), sc->i.digest, sc->i.manifest.len, image_arch());
	image_digest_of(sc->index.p, sc->index.len, sc->index_digest);
}

struct puller_arg {
	struct image_puller *p;
	const char *name;
	struct image_record *r;
	struct err err;
};

static void *pull_thread(void *arg)
{
	struct puller_arg *a = arg;
	struct registry_options o = {0};
	a->err = (struct err)ERR_INIT;
	a->r = image_pull(a->p, a->name, &o, NULL, &a->err);
	return NULL;
}

static void test_token_index_sharing(void **state)
{
	struct script sc;
	make_script(&sc, false);
	struct server sv;
	server_start(&sv, script_handler, &sc);
	struct image_store *s = open_store("token-store");
	struct image_puller *p = image_puller_new(s);
	autofree char *name = mem_printf("127.0.0.1:%d/a/b:t", sv.port);
	struct puller_arg args[6];
	pthread_t threads[ARRAY_LEN(args)];
	for (size_t i = 0; i < ARRAY_LEN(args); i++) {
		args[i] = (struct puller_arg){.p = p, .name = name};
		threads[i] = thread_start("pull", pull_thread, &args[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(args); i++) {
		pthread_join(threads[i], NULL);
		if (!args[i].r)
			fail_msg("%s", args[i].err.msg);
		/* The digest of the index is the image's, as the kubelet shows it. */
		assert_non_null(strstr(args[i].r->names[0], sc.index_digest));
		expect_hello(s, args[i].r, "scripted");
		image_record_unref(args[i].r);
	}
	assert_int_equal(atomic_load(&sc.layers), 1);
	image_puller_free(p);
	image_store_free(s);
	server_stop(&sv);
	buf_release(&sc.index);
	free_image(&sc.i);
}

static void test_lying_registry(void **state)
{
	struct script sc;
	struct err err = ERR_INIT;
	make_script(&sc, true);
	struct server sv;
	server_start(&sv, script_handler, &sc);
	struct image_store *s = open_store("lie-store");
	struct image_puller *p = image_puller_new(s);
	autofree char *name = mem_printf("127.0.0.1:%d/a/b:t", sv.port),
		      *dir = image_store_layer_path(s, sc.i.layer_digest);
	struct registry_options o = {0};
	assert_null(image_pull(p, name, &o, NULL, &err));
	assert_non_null(strstr(err.msg, "digest mismatch"));
	assert_int_equal(access(dir, F_OK), -1);
	assert_null(image_pull(p, "Not A Name", &o, NULL, &err));
	assert_int_equal(err.reason, REASON_INVALID);
	image_puller_free(p);
	image_store_free(s);
	server_stop(&sv);
	buf_release(&sc.index);
	free_image(&sc.i);
}

static void test_challenges(void **state)
{
	static const struct {
		const char *in;
		bool bearer, basic;
		const char *realm, *service, *scope;
	} rows[] = {
		{"Bearer realm=\"https://a/t\",service=\"reg\",scope=\"repository:x:pull\"", true, false,
		 "https://a/t", "reg", "repository:x:pull"},
		{"bearer Realm=\"r\" , error=\"insufficient, scope\",service=s", true, false, "r", "s", ""},
		{"Bearer realm=\"un\\\"quoted", true, false, "un\"quoted", "", ""},
		{"Basic realm=\"x\"", false, true, "", "", ""},
		{"", false, false, "", "", ""},
		{"Bearer ===,,", true, false, "", "", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct registry_challenge c;
		registry_challenge_parse(rows[i].in, &c);
		assert_int_equal(c.bearer, rows[i].bearer);
		assert_int_equal(c.basic, rows[i].basic);
		assert_string_equal(c.realm, rows[i].realm);
		assert_string_equal(c.service, rows[i].service);
		assert_string_equal(c.scope, rows[i].scope);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_same_image_otherwise_compressed),
		cmocka_unit_test(test_import_broken),
		cmocka_unit_test(test_two_users),
		cmocka_unit_test(test_token_index_sharing),
		cmocka_unit_test(test_lying_registry),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_https_auth),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
