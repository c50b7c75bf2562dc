/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the writing side: a whole API (built-in kinds, the sqlite engine in a temporary folder, the
 * namespace "default") without a socket. A call goes the whole way behind the listener. One thread, one rig at
 * a time: `rig`, which rig_setup and rig_teardown open and close.
 */
#ifndef REST_RIG_TEST_H
#define REST_RIG_TEST_H

#include <assert.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "kinds/kinds.h"
#include "registry/registry.h"
#include "rest/server.h"

#define RIG_UNUSED __attribute__((unused))

struct rig {
	char dir[64];
	struct api api;
	struct auth *auth;
	struct server *server;
};

struct rig_reply {
	int status;
	js *body; /* NULL when it is no JSON */
	struct buf text;
	char *warnings[RESPONSE_MAX_WARNINGS];
	size_t n_warnings;
};

static void rig_reply_release(struct rig_reply *r)
{
	js_autoput(&r->body);
	buf_release(&r->text);
	for (size_t i = 0; i < r->n_warnings; i++)
		free(r->warnings[i]);
	r->n_warnings = 0;
}
#define autoreply __attribute__((cleanup(rig_reply_release)))

struct rig_exchange {
	struct exchange x;
	struct peer peer;
	char *scratch, *segments;
	sem_t done;
};

static void rig_on_done(struct exchange *x)
{
	sem_post(&CONTAINER_OF(x, struct rig_exchange, x)->done);
}

/* The way of the listener, as an administrator; headers are set before, the response is there behind it. */
static void rig_run(struct rig *r, struct rig_exchange *e, const char *method, const char *target)
{
	static char *groups[] = {(char *)"system:masters", NULL};
	const struct service *s = server_service(r->server);
	struct request *rq = &e->x.rq;
	size_t n = strlen(target) + 2;
	struct err err = ERR_INIT;

	e->peer = (struct peer){.name = (char *)"admin", .groups = groups};
	e->scratch = mem_alloc(request_scratch_size(target));
	e->segments = mem_alloc(n);
	e->x.done = rig_on_done;
	rq->method = request_method(method);
	rq->method_name = method;
	rq->authorization = rq->if_none_match = "";
	rq->peer = &e->peer;
	int rc = request_parse_target(rq, target, e->scratch, &err);
	assert(rc == 0);
	sem_init(&e->done, 0, 0);
	enum service_way way = s->begin(s->arg, &e->x, e->segments);
	if (way == SERVICE_INLINE)
		s->run(s->arg, &e->x);
	else if (way == SERVICE_LATER && s->submit(s->arg, &e->x))
		while (sem_wait(&e->done) < 0)
			;
	sem_destroy(&e->done);
}

static void rig_exchange_free(struct rig_exchange *e)
{
	response_release(&e->x.rs);
	free(e->scratch);
	free(e->segments);
	free(e);
}

static RIG_UNUSED struct rig_reply rig_send(struct rig *r, const char *method, const char *target,
					    const char *type, const char *body, size_t len)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	struct response *rs = &e->x.rs;
	struct rig_reply ret = {.status = 0};
	struct err err = ERR_INIT;
	size_t n;

	e->x.rq = (struct request){.accept = "application/json",
				   .content_type = type,
				   .user_agent = "test",
				   .body = body,
				   .body_len = len};
	rig_run(r, e, method, target);
	ret.status = rs->status;
	const char *p = response_bytes(rs, &n);
	buf_add(&ret.text, p, n);
	ret.body = js_parse(buf_str(&ret.text), ret.text.len, NULL, &err);
	for (; ret.n_warnings < rs->n_warnings; ret.n_warnings++)
		ret.warnings[ret.n_warnings] = STEAL(rs->warnings[ret.n_warnings]);
	rig_exchange_free(e);
	return ret;
}

static RIG_UNUSED struct rig_reply rig_call(struct rig *r, const char *method, const char *target,
					    const char *body)
{
	const char *type = !strcmp(method, "PATCH") ? "application/merge-patch+json" : "application/json";

	return rig_send(r, method, target, body ? type : "", body ? body : "", body ? strlen(body) : 0);
}

/* With kinds of a folder beside the built-in ones. */
static RIG_UNUSED void rig_open_kinds(struct rig *r, const char *folder)
{
	struct err err = ERR_INIT;
	char path[128];

	snprintf(r->dir, sizeof(r->dir), "/tmp/rest-test-XXXXXX");
	char *made = mkdtemp(r->dir);
	assert(made);
	snprintf(path, sizeof(path), "%s/db", r->dir);
	struct storage_config c = {.engine = "sqlite", .path = path, .prefix = "/registry"};
	struct schema *schema = kinds_load(folder, &err);
	if (!schema) {
		fprintf(stderr, "kinds: %s\n", err.msg);
		abort();
	}
	r->api = (struct api){.schema = schema};
	r->api.storage = storage_open(&c, schema, &err);
	if (!r->api.storage) {
		fprintf(stderr, "storage: %s\n", err.msg);
		abort();
	}
	struct registry_config rc = {
		.schema = schema, .storage = r->api.storage, .service_cidr = "10.96.0.0/24"};
	r->api.registry = registry_new(&rc, &err);
	assert(r->api.registry);
	r->auth = auth_new(NULL, &err);
	struct server_config sc = {.api = &r->api, .auth = r->auth};
	r->server = server_new(&sc);
	autoreply struct rig_reply ns =
		rig_call(r, "POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"default\"}}");
	if (ns.status != 201) {
		fprintf(stderr, "namespace: %s\n", buf_str(&ns.text));
		abort();
	}
}

static RIG_UNUSED void rig_open(struct rig *r)
{
	rig_open_kinds(r, NULL);
}

static RIG_UNUSED void rig_close(struct rig *r)
{
	static const char *const files[] = {"db", "db-wal", "db-shm", "db-lazy"};
	char path[128];

	server_free(r->server);
	auth_free(r->auth);
	registry_free(r->api.registry);
	storage_close(r->api.storage);
	schema_free((struct schema *)r->api.schema);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", r->dir, files[i]);
		unlink(path);
	}
	rmdir(r->dir);
}

/* The one rig of a test, and its plainest setup and teardown. */
static RIG_UNUSED struct rig rig;

static RIG_UNUSED int rig_setup(void **state)
{
	rig_open(&rig);
	return 0;
}

static RIG_UNUSED int rig_teardown(void **state)
{
	rig_close(&rig);
	return 0;
}

#endif
