/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the writing side: a whole API (built-in kinds, the sqlite engine in a temporary folder, the
 * namespace "default") without a socket. A call goes through the real router to the real handler. One thread,
 * one rig at a time.
 */
#ifndef REST_WRITE_RIG_H
#define REST_WRITE_RIG_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "rest/route.h"
#include "kinds/kinds.h"
#include "rest/api.h"

#define RIG_UNUSED __attribute__((unused))

struct rig {
	char dir[64];
	struct api api;
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

static struct rig_reply rig_send(struct rig *rig, const char *method, const char *target, const char *type,
				 const char *body, size_t len)
{
	static const char *const groups[] = {"system:masters", NULL};
	size_t n = strlen(target) + 2;
	autofree char *scratch = mem_alloc(n), *segments = mem_alloc(n);
	struct request *rq = MEM_NEW(struct request);
	struct response rs = {.status = 0};
	struct rig_reply ret = {.status = 0};
	struct err err = ERR_INIT;

	*rq = (struct request){.method = request_method(method),
			       .method_name = method,
			       .accept = "application/json",
			       .content_type = type,
			       .user_agent = "test",
			       .authorization = "",
			       .if_none_match = "",
			       .body = body,
			       .body_len = len,
			       .user = {.name = "admin", .uid = "", .groups = groups},
			       .api = &rig->api};
	int rc = request_parse_target(rq, target, scratch, &err);
	assert(rc == 0);
	enum route_result routed = route_find(rq, segments);
	if (routed != ROUTE_OK) {
		ret.status = routed == ROUTE_NOT_ALLOWED ? 405 : 404;
	} else {
		rq->route->handler(rq, &rs);
		ret.status = rs.status;
		size_t len_out;
		const char *p = response_bytes(&rs, &len_out);
		buf_add(&ret.text, p, len_out);
		ret.body = js_parse(buf_str(&ret.text), ret.text.len, NULL, &err);
		for (; ret.n_warnings < rs.n_warnings; ret.n_warnings++) {
			ret.warnings[ret.n_warnings] = rs.warnings[ret.n_warnings];
			rs.warnings[ret.n_warnings] = NULL;
		}
		rs.n_warnings = 0;
	}
	response_release(&rs);
	free(rq);
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
	rig->api = (struct api){.schema = schema, .service_cidr = "10.96.0.0/24"};
	rig->api.storage = storage_open(&c, schema, &err);
	if (!rig->api.storage) {
		fprintf(stderr, "storage: %s\n", err.msg);
		abort();
	}
	rig->api.state = rest_state_new(&rig->api, &err);
	assert(rig->api.state);
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

	rest_state_free(rig->api.state);
	storage_close(rig->api.storage);
	schema_free((struct schema *)rig->api.schema);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", rig->dir, files[i]);
		unlink(path);
	}
	rmdir(rig->dir);
}

#endif
