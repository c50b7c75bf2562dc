/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the writing side: a whole API (built-in kinds, the sqlite engine in a temporary folder, the
 * namespace "default") without a socket. A call goes the whole way behind the listener. One thread, one rig at
 * a time.
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
static void rig_run(struct rig *rig, struct rig_exchange *e, const char *method, const char *target)
{
	static char *groups[] = {(char *)"system:masters", NULL};
	const struct service *s = server_service(rig->server);
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

static RIG_UNUSED struct rig_reply rig_send(struct rig *rig, const char *method, const char *target,
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
	rig_run(rig, e, method, target);
	ret.status = rs->status;
	const char *p = response_bytes(rs, &n);
	buf_add(&ret.text, p, n);
	ret.body = js_parse(buf_str(&ret.text), ret.text.len, NULL, &err);
	for (; ret.n_warnings < rs->n_warnings; ret.n_warnings++)
		ret.warnings[ret.n_warnings] = STEAL(rs->warnings[ret.n_warnings]);
	rig_exchange_free(e);
	return ret;
}

static RIG_UNUSED struct rig_reply rig_call(struct rig *rig, const char *method, const char *target,
					    const char *body)
{
	const char *type = !strcmp(method, "PATCH") ? "application/merge-patch+json" : "application/json";

	return rig_send(rig, method, target, body ? type : "", body ? body : "", body ? strlen(body) : 0);
}

static void rig_open(struct rig *rig)
{
	struct err err = ERR_INIT;
	char path[128];

	snprintf(rig->dir, sizeof(rig->dir), "/tmp/rest-test-XXXXXX");
	char *made = mkdtemp(rig->dir);
	assert(made);
	snprintf(path, sizeof(path), "%s/db", rig->dir);
	struct storage_config c = {.engine = "sqlite", .path = path, .prefix = "/registry"};
	struct schema *schema = kinds_load(NULL, &err);
	if (!schema) {
		fprintf(stderr, "kinds: %s\n", err.msg);
		abort();
	}
	rig->api = (struct api){.schema = schema};
	rig->api.storage = storage_open(&c, schema, &err);
	if (!rig->api.storage) {
		fprintf(stderr, "storage: %s\n", err.msg);
		abort();
	}
	struct registry_config rc = {
		.schema = schema, .storage = rig->api.storage, .service_cidr = "10.96.0.0/24"};
	rig->api.registry = registry_new(&rc, &err);
	assert(rig->api.registry);
	rig->auth = auth_new(NULL, &err);
	struct server_config sc = {.api = &rig->api, .auth = rig->auth};
	rig->server = server_new(&sc);
	autoreply struct rig_reply r =
		rig_call(rig, "POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"default\"}}");
	if (r.status != 201) {
		fprintf(stderr, "namespace: %s\n", buf_str(&r.text));
		abort();
	}
}

static RIG_UNUSED void rig_close(struct rig *rig)
{
	static const char *const files[] = {"db", "db-wal", "db-shm", "db-lazy"};
	char path[128];

	server_free(rig->server);
	auth_free(rig->auth);
	registry_free(rig->api.registry);
	storage_close(rig->api.storage);
	schema_free((struct schema *)rig->api.schema);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", rig->dir, files[i]);
		unlink(path);
	}
	rmdir(rig->dir);
}

#endif
