/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One definition that changes costs the writing of its own part, however many there are. A part has two halves, its paths
 * and its definitions, each the members of an object with a comma (in JSON) before the first: so halves stand one behind
 * the other, also in protobuf, where the lengths of all are added up. The first half of all begins with the object's
 * bracket in place of the comma.
 *
 * Two definitions name every group-version there is (what is deleted with, and what a watch sends), and a group of custom
 * kinds alone has paths of its own: these are the shared part, which is written anew when a group-version comes or goes.
 */
#include "rest/discovery/openapi_v2_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "client/tls.h"

#define BUILT "v2 built" /* keys of the shelf; a kind's has slashes */
#define SHARED "v2 shared"
#define KEY_LEN 640

enum half { PATHS, DEFINITIONS, HALVES };
static const char *const half_names[] = {[PATHS] = "paths", [DEFINITIONS] = "definitions"};

struct openapi_v2 {
	const struct schema *schema;
	struct shelf *shelf;
	openapi_crd_fn *crd;
	void *arg;
	pthread_mutex_t composing; /* one at a time; before the other lock */
	uint64_t written;	   /* under it */
	struct buf versions;	   /* under it: the group-versions that the shared part is of */
	pthread_mutex_t lock;	   /* of what follows */
	bool under_way;		   /* somebody composes */
	struct map changed;	   /* keys, since he began: what he writes of these may be as it was before */
};

struct v2_part {
	struct document *half[HALVES]; /* one reference each */
};

/* What a part is of. */
struct v2_subject {
	enum openapi_part part;
	const struct kind *const *kinds;
	size_t n;
	char key[KEY_LEN];
};

/* ---- the shelf ---- */

static void name_half(char out[KEY_LEN + 16], const char *key, enum half h, bool protobuf)
{
	snprintf(out, KEY_LEN + 16, "%s %c%s", key, half_names[h][0], protobuf ? " pb" : "");
}

static void drop(struct openapi_v2 *v, const char *key)
{
	char name[KEY_LEN + 16];
	for (int form = 0; form < 2; form++)
		for (enum half h = 0; h < HALVES; h++) {
			name_half(name, key, h, form);
			shelf_drop(v->shelf, name);
		}
}

static bool take(struct openapi_v2 *v, const char *key, bool protobuf, struct v2_part *ret)
{
	char name[KEY_LEN + 16];
	bool all = true;
	for (enum half h = 0; h < HALVES; h++) {
		name_half(name, key, h, protobuf);
		ret->half[h] = shelf_get(v->shelf, name);
		all = all && ret->half[h];
	}
	for (enum half h = 0; h < HALVES && !all; h++)
		document_unref(ret->half[h]);
	return all;
}

/* Unless it has changed meanwhile. */
static void keep(struct openapi_v2 *v, const char *key, bool protobuf, const struct v2_part *p)
{
	char name[KEY_LEN + 16];
	pthread_mutex_lock(&v->lock);
	bool old = map_has(&v->changed, key);
	for (enum half h = 0; h < HALVES && !old; h++) {
		name_half(name, key, h, protobuf);
		shelf_put(v->shelf, name, p->half[h]);
	}
	pthread_mutex_unlock(&v->lock);
}

/* ---- what has changed ---- */

static void key_of(char out[KEY_LEN], const struct kind *k)
{
	snprintf(out, KEY_LEN, "v2 %s/%s/%s", k->group, k->version, k->resource ? k->resource : "");
}

static void change(struct openapi_v2 *v, const char *key)
{
	pthread_mutex_lock(&v->lock);
	drop(v, key);
	if (v->under_way)
		map_set(&v->changed, key, v);
	pthread_mutex_unlock(&v->lock);
}

void openapi_v2_forget(struct openapi_v2 *v, const struct kind *k)
{
	char key[KEY_LEN];
	key_of(key, k);
	change(v, k->type->structural ? key : BUILT);
}

void openapi_v2_update(struct openapi_v2 *v, const char *group, const char *version)
{
	const struct kind *const *all;
	struct schema_pin pin = schema_pin(v->schema);
	size_t n = schema_kinds(v->schema, &all);
	bool built = false;
	for (size_t i = 0; i < n && !built; i++)
		built = !all[i]->type->structural && !strcmp(all[i]->group, group) &&
			!strcmp(all[i]->version, version);
	schema_unpin(v->schema, &pin);
	if (built)
		change(v, BUILT);
}

/* ---- parts ---- */

/* Moves the half out. What has an opening bracket or a comma before it becomes an object for a moment. */
static struct document *half_in_protobuf(struct buf *half, enum half h, const char *hash)
{
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	if (half->len) {
		half->p[0] = '{';
		buf_addc(half, '}');
	}
	if (half->len && openapi_pb_write_member(&out, false, half_names[h], half->p, half->len, &err) < 0)
		log_err(&err, "OpenAPI cannot be written as protobuf", NULL);
	return document_new(&out, hash);
}

static void write_part(struct openapi_v2 *v, const struct v2_subject *s, bool protobuf, struct v2_part *ret)
{
	struct buf halves[HALVES] = {BUF_INIT, BUF_INIT};
	struct openapi_writer w = {.schema = v->schema,
				   .kinds = s->kinds,
				   .n_kinds = s->n,
				   .part = s->part,
				   .crd = v->crd,
				   .arg = v->arg};
	v->written++;
	openapi_document_write_part(&w, &halves[PATHS], &halves[DEFINITIONS]);
	for (enum half h = 0; h < HALVES; h++) {
		char hash[DOCUMENT_HASH_LEN];
		if (s->part == OPENAPI_BUILT && halves[h].len)
			halves[h].p[0] = '{';
		tls_sha512(buf_str(&halves[h]), halves[h].len, hash);
		ret->half[h] =
			protobuf ? half_in_protobuf(&halves[h], h, hash) : document_new(&halves[h], hash);
		buf_release(&halves[h]);
	}
}

static struct v2_part part_of(struct openapi_v2 *v, const struct v2_subject *s, bool protobuf)
{
	struct v2_part p;
	if (take(v, s->key, protobuf, &p))
		return p;
	write_part(v, s, protobuf, &p);
	keep(v, s->key, protobuf, &p);
	return p;
}

/* ---- the document ---- */

struct composition {
	struct openapi_v2 *v;
	bool protobuf;
	struct v2_part *parts;
	size_t n;
};

static void add_part(struct composition *c, const struct v2_subject *s)
{
	c->parts[c->n++] = part_of(c->v, s, c->protobuf);
}

/* The shared part is of these group-versions, or else of none. */
static void check_versions(struct openapi_v2 *v, const struct kind *const *custom, size_t n)
{
	automap struct map seen = MAP_INIT;
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < n; i++) {
		autofree char *gv = mem_printf("%s/%s ", custom[i]->group, custom[i]->version);
		if (!map_set(&seen, gv, v))
			buf_adds(&b, gv);
	}
	if (!strcmp(buf_str(&b), buf_str(&v->versions)))
		return;
	drop(v, SHARED);
	buf_clear(&v->versions);
	buf_adds(&v->versions, buf_str(&b));
}

static void add_parts(struct composition *c, const struct kind *const *all, size_t n)
{
	autofree const struct kind **sorted = mem_array(n ? n : 1, sizeof(*sorted));
	size_t built = 0, at = 0;
	for (int custom = 0; custom < 2; custom++) {
		for (size_t i = 0; i < n; i++)
			if (all[i]->type->structural == custom)
				sorted[at++] = all[i];
		built = custom ? built : at;
	}
	check_versions(c->v, sorted + built, n - built);
	c->parts = mem_array(n - built + 2, sizeof(*c->parts));
	add_part(c, &(struct v2_subject){OPENAPI_BUILT, sorted, built, BUILT});
	add_part(c, &(struct v2_subject){OPENAPI_SHARED, sorted, n, SHARED});
	for (size_t i = built; i < n; i++) {
		struct v2_subject s = {.part = OPENAPI_KIND, .kinds = &sorted[i], .n = 1};
		key_of(s.key, sorted[i]);
		add_part(c, &s);
	}
}

/* Before the halves of that name, which come next. */
static void open_half(struct composition *c, struct buf *b, enum half h)
{
	size_t sum = 0, n;
	if (!c->protobuf) {
		buf_addf(b, ",\"%s\":", half_names[h]);
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		(void)document_bytes(c->parts[i].half[h], &n);
		sum += n;
	}
	openapi_pb_open_member(b, false, half_names[h], sum);
}

/* The object's members, as they stand in the document. JSON: without brackets. */
static void add_members(struct composition *c, struct buf *b, const struct buf *object)
{
	struct err err = ERR_INIT;
	if (!c->protobuf)
		buf_add(b, object->p + 1, object->len - 2);
	else if (openapi_pb_write(b, false, object->p, object->len, &err) < 0)
		log_err(&err, "OpenAPI cannot be written as protobuf", NULL);
}

static void add_halves(struct composition *c, struct pieces *p, struct buf *before, enum half h)
{
	open_half(c, before, h);
	pieces_add_bytes(p, before);
	for (size_t i = 0; i < c->n; i++)
		pieces_add(p, c->parts[i].half[h]);
}

static void hash_all(const struct composition *c, const struct buf *head, const struct buf *tail,
		     char hash[DOCUMENT_HASH_LEN])
{
	autobuf struct buf b = BUF_INIT;
	buf_add(&b, head->p, head->len);
	for (size_t i = 0; i < c->n; i++)
		for (enum half h = 0; h < HALVES; h++)
			buf_adds(&b, document_hash(c->parts[i].half[h]));
	buf_add(&b, tail->p, tail->len);
	tls_sha512(b.p, b.len, hash);
}

static struct pieces *put_together(struct composition *c, char hash[DOCUMENT_HASH_LEN])
{
	autobuf struct buf head = BUF_INIT, tail = BUF_INIT, b = BUF_INIT;
	struct pieces *p = pieces_new();
	openapi_document_write_frame(&head, &tail);
	hash_all(c, &head, &tail, hash);
	buf_adds(&b, c->protobuf ? "" : "{");
	add_members(c, &b, &head);
	add_halves(c, p, &b, PATHS);
	buf_adds(&b, c->protobuf ? "" : "}");
	add_halves(c, p, &b, DEFINITIONS);
	buf_adds(&b, c->protobuf ? "" : "},");
	add_members(c, &b, &tail);
	buf_adds(&b, c->protobuf ? "" : "}\n");
	pieces_add_bytes(p, &b);
	free(c->parts);
	return p;
}

/* Under the first lock. */
static void set_under_way(struct openapi_v2 *v, bool on)
{
	pthread_mutex_lock(&v->lock);
	v->under_way = on;
	map_clear(&v->changed);
	pthread_mutex_unlock(&v->lock);
}

struct pieces *openapi_v2_compose(struct openapi_v2 *v, bool protobuf, char hash[DOCUMENT_HASH_LEN])
{
	struct composition c = {.v = v, .protobuf = protobuf};
	const struct kind *const *all;
	pthread_mutex_lock(&v->composing);
	set_under_way(v, true);
	struct schema_pin pin = schema_pin(v->schema);
	size_t n = schema_kinds(v->schema, &all);
	add_parts(&c, all, n);
	schema_unpin(v->schema, &pin);
	set_under_way(v, false);
	pthread_mutex_unlock(&v->composing);
	return put_together(&c, hash);
}

/* ---- the whole ---- */

struct openapi_v2 *openapi_v2_new(const struct schema *schema, struct shelf *shelf, openapi_crd_fn *crd,
				  void *arg)
{
	struct openapi_v2 *v = MEM_NEW(struct openapi_v2);
	v->schema = schema;
	v->shelf = shelf;
	v->crd = crd;
	v->arg = arg;
	pthread_mutex_init(&v->composing, NULL);
	pthread_mutex_init(&v->lock, NULL);
	return v;
}

void openapi_v2_free(struct openapi_v2 *v)
{
	if (!v)
		return;
	buf_release(&v->versions);
	map_release(&v->changed);
	pthread_mutex_destroy(&v->composing);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

uint64_t openapi_v2_written(struct openapi_v2 *v)
{
	pthread_mutex_lock(&v->composing);
	uint64_t n = v->written;
	pthread_mutex_unlock(&v->composing);
	return n;
}
