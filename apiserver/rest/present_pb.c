/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf for who takes nothing else. What is stored is JSON, so this costs a tree per object, one at a time; every
 * client that also takes JSON gets that. Custom resources have no such form, only what is told of them (their metadata, a
 * Status, a Scale).
 */
#include "rest/present.h"

#include "object/pb.h"

/* What the object says it is need not be of the resource's own kind: a Status, a Scale, PartialObjectMetadata. One that
   says nothing, or nothing known, was put into the store by hand. */
static const struct type *type_of(const struct schema *s, const struct kind *k, const js *o, struct err *err)
{
	const char *kind = js_str0(o, "kind", NULL);
	const struct type *t = k && !strcmp(kind, k->kind) ? k->type : schema_type(s, kind);

	if (t && t->structural) {
		err_set(err, REASON_NOT_ACCEPTABLE, NEGOTIATE_ACCEPTED);
		return NULL;
	}
	if (!t)
		err_set(err, REASON_NOT_ACCEPTABLE, "there is no protobuf form of a %s", kind);
	return t;
}

int present_pb(struct buf *out, const struct schema *s, const struct kind *k, const char *p, size_t n,
	       struct err *err)
{
	autojson js *o = js_parse(p, n, NULL, err);

	if (!o)
		return -1;
	const struct type *t = type_of(s, k, o, err);
	if (!t)
		return -1;
	return pb_encode(out, t, js_str0(o, "apiVersion", NULL), js_str0(o, "kind", NULL), o, err);
}

/* A message as field `number` of another one. */
static int add_message(struct buf *raw, int number, const struct type *t, const js *o, struct err *err)
{
	autobuf struct buf sealed = BUF_INIT;
	struct pb_envelope e;

	if (pb_encode(&sealed, t, "", "", o, err) < 0 || pb_open(sealed.p, sealed.len, &e, err) < 0)
		return -1;
	pb_add_part(raw, number, e.raw, e.raw_len);
	return 0;
}

void present_pb_open(struct buf *raw, const struct schema *s, const struct list_meta *m)
{
	autojson js *meta = js_new_obj();
	autofree char *rv = mem_printf("%llu", (unsigned long long)m->rv);
	struct err never = ERR_INIT;

	js_set_str(meta, "resourceVersion", rv);
	if (m->next)
		js_set_str(meta, "continue", m->next);
	if (m->remaining >= 0)
		js_set_int(meta, "remainingItemCount", m->remaining);
	(void)add_message(raw, 1, schema_type(s, "ListMeta"), meta, &never);
}

int present_pb_item(struct buf *raw, const struct schema *s, const struct kind *k, const char *p, size_t n,
		    struct err *err)
{
	autojson js *o = js_parse(p, n, NULL, err);

	const struct type *t = o ? type_of(s, k, o, err) : NULL;
	return t ? add_message(raw, 2, t, o, err) : -1;
}

void present_pb_seal(struct buf *out, const struct kind *k, const struct accept *a, const struct buf *raw)
{
	bool partial = a->as == PRESENT_PARTIAL;
	autofree char *version = partial ? mem_printf("meta.k8s.io/%s", a->version)
					 : mem_printf("%s%s%s", k->group, *k->group ? "/" : "", k->version);
	autofree char *kind = partial ? mem_strdup("PartialObjectMetadataList") : mem_strdup(k->list_kind);

	pb_seal(out, version, kind, raw);
}
