/* SPDX-License-Identifier: Apache-2.0 */
/* Of every_kind_test: one kind's objects on their way, and talking to the API about them in any form. After cmocka.h. */
#ifndef KINDS_WALK_TEST_H
#define KINDS_WALK_TEST_H

#include "object/pb.h"
#include "object/yaml.h"
#include "rest/rig_test.h"

#define JSON_TYPE "application/json"
#define YAML_TYPE "application/yaml"
#define PB_TYPE "application/vnd.kubernetes.protobuf"
#define TABLE_TYPE "application/json;as=Table;v=v1;g=meta.k8s.io"
#define META_TYPE "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
#define META_LIST_TYPE "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

struct walk {
	const struct kind *k;
	const js *about; /* what the samples say of the kind's walk */
	js *object;	 /* as it is sent */
	const char *name;
	js *stored; /* as it was answered last */
	size_t faults;
};

/* ---- talking ---- */

/* Where objects of the kind live; with a name, the object. */
static char *address(const struct walk *w, const char *name, const char *rest)
{
	const struct kind *k = w->k;
	const char *ns = k->namespaced ? js_str0(w->object, "metadata", "namespace", NULL) : "";

	return mem_printf("/%s%s%s/%s%s%s/%s%s%s%s", *k->group ? "apis" : "api", *k->group ? "/" : "",
			  k->group, k->version, *ns ? "/namespaces/" : "", ns, k->resource,
			  name && *name ? "/" : "", name ? name : "", rest);
}

static void fault(struct walk *w, const char *step, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s%s%s %s: %s: ", w->k->group, *w->k->group ? "/" : "", w->k->kind, w->name, step);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	w->faults++;
}

struct answer {
	int status;
	js *o;
	struct buf text;
	size_t warnings;
};
static void answer_release(struct answer *a)
{
	js_autoput(&a->o);
	buf_release(&a->text);
}
#define autoanswer __attribute__((cleanup(answer_release)))

/* What the bytes of an object say, whatever they are written in; NULL when nothing sensible. */
static js *parsed(const struct kind *k, const char *accept, const struct buf *text)
{
	struct err err = ERR_INIT;
	struct pb_envelope e;

	if (!strcmp(accept, YAML_TYPE))
		return yaml_parse(buf_str((struct buf *)text), text->len, NULL, &err);
	if (strcmp(accept, PB_TYPE))
		return js_parse(buf_str((struct buf *)text), text->len, NULL, &err);
	if (pb_open(text->p, text->len, &e, &err) < 0)
		return NULL;
	autojson js *raw =
		pb_decode(!strcmp(e.kind, "Status") ? schema_type(rig.api.schema, "Status") : k->type, e.raw,
			  e.raw_len, &err);
	js *o = raw ? schema_conform(k->type, raw, NULL, &err) : NULL;
	if (o) {
		js_set_str(o, "kind", e.kind);
		js_set_str(o, "apiVersion", e.api_version);
	}
	return o;
}

static struct answer talk(const struct kind *k, const char *method, const char *target, const char *type,
			  const char *accept, const struct buf *body)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	struct answer a = {.o = NULL};
	size_t n;

	e->x.rq = (struct request){.accept = accept,
				   .content_type = type,
				   .user_agent = "test",
				   .body = body ? body->p : "",
				   .body_len = body ? body->len : 0};
	rig_run(&rig, e, method, target);
	a.status = e->x.rs.status;
	a.warnings = e->x.rs.n_warnings;
	const char *p = response_bytes(&e->x.rs, &n);
	buf_add(&a.text, p, n);
	static char piece[16 * 1024];
	struct response *rs = &e->x.rs;
	for (long got; rs->stream && (got = rs->stream->read(rs->stream->arg, piece, sizeof(piece))) > 0;)
		buf_add(&a.text, piece, (size_t)got);
	a.o = parsed(k, accept, &a.text);
	rig_exchange_free(e);
	return a;
}

static struct answer ask(const struct walk *w, const char *method, const char *rest, const char *accept)
{
	autofree char *target = address(w, w->name, rest);

	return talk(w->k, method, target, "", accept, NULL);
}

static struct answer tell(const struct walk *w, const char *method, const char *name, const char *rest,
			  const char *type, const js *body)
{
	autofree char *target = address(w, name, rest);
	autobuf struct buf text = BUF_INIT;

	js_write(&text, body);
	return talk(w->k, method, target, type, JSON_TYPE, &text);
}

#endif
