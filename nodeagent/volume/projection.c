/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/projection.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/map.h"

#define DEFAULT_MODE 0644

struct projector {
	struct arena *a;
	const struct projection_source *s;
	struct volume_file *v;
	size_t n, cap;
	struct map at; /* path -> place in v, plus one */
	int64_t mode;  /* defaultMode */
};

/* Without the components that say nothing; those that lead up stay, for the writer to refuse. */
static char *clean(struct arena *a, const char *path)
{
	char *out = arena_strdup(a, path), *to = out + (*path == '/');
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		if (n && !(n == 1 && *p == '.')) {
			if (to > out && to[-1] != '/')
				*to++ = '/';
			memmove(to, p, n);
			to += n;
		}
		p += n + (p[n] == '/');
	}
	*to = '\0';
	return out;
}

/* The later of two with one path counts. data is the arena's. */
static void add(struct projector *b, const char *path, const char *data, size_t len, int64_t mode)
{
	char *name = clean(b->a, path);
	size_t at = (size_t)map_get(&b->at, name);
	if (!at) {
		if (b->n == b->cap)
			b->v = mem_realloc_array(b->v, b->cap = b->cap ? b->cap * 2 : 16, sizeof(*b->v));
		at = ++b->n;
		map_set(&b->at, name, (void *)at);
	}
	b->v[at - 1] =
		(struct volume_file){.path = name, .data = data, .len = len, .mode = (uint32_t)mode & 0777};
}

static int64_t mode_of(const struct projector *b, const js *item)
{
	return js_int(item, b->mode, "mode", NULL);
}

/* ---- configMap and secret ---- */

/* Where the data of an object stands; base64: as text of it. */
struct data_field {
	const char *name;
	bool base64;
};
struct object_kind {
	const char *word;    /* in the message that it does not exist */
	const char *missing; /* the message that a key does not */
	struct data_field fields[2];
};
static const struct object_kind object_kinds[] = {
	[false] = {"configmap",
		   "configmap references non-existent config key: ",
		   {{"data", false}, {"binaryData", true}}},
	[true] = {"secret", "references non-existent secret key: ", {{"data", true}}},
};

static int add_value(struct projector *b, const struct data_field *f, const js *value, const char *path,
		     int64_t mode, struct err *err)
{
	autobuf struct buf decoded = BUF_INIT;
	size_t n = 0;
	const char *text = js_bytes(value, &n);
	if (text && f->base64) {
		if (base64_decode(&decoded, text, n, err) < 0)
			return -1;
		text = buf_str(&decoded);
		n = decoded.len;
	}
	char *data = arena_alloc(b->a, n + 1);
	if (text)
		memcpy(data, text, n);
	add(b, path, data, n, mode);
	return 0;
}

static int add_all(struct projector *b, const struct object_kind *k, const js *o, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(k->fields) && k->fields[i].name; i++)
		for (struct js_iter it = js_iter(js_obj(o, k->fields[i].name, NULL)); js_next(&it);)
			if (add_value(b, &k->fields[i], it.value, it.key, b->mode, err) < 0)
				return -1;
	return 0;
}

static int add_item(struct projector *b, const struct object_kind *k, const js *o, const js *item,
		    bool optional, struct err *err)
{
	const char *key = js_str0(item, "key", NULL);
	for (size_t i = 0; i < ARRAY_LEN(k->fields) && k->fields[i].name; i++) {
		const js *value = js_field(js_obj(o, k->fields[i].name, NULL), key);
		if (value)
			return add_value(b, &k->fields[i], value, js_str0(item, "path", NULL),
					 mode_of(b, item), err);
	}
	if (optional)
		return 0;
	return err_set(err, REASON_NOT_FOUND, "%s%s", k->missing, key);
}

static int add_object(struct projector *b, bool secret, const char *name, const js *source, struct err *err)
{
	const struct object_kind *k = &object_kinds[secret];
	struct err why = ERR_INIT;
	bool optional = js_bool(source, false, "optional", NULL);
	const js *o = b->s->object(b->s->arg, secret, name, &why), *items = js_arr(source, "items", NULL);
	if (!o && why.reason != REASON_NOT_FOUND) {
		*err = why;
		return -1;
	}
	if (!o && !optional)
		return err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found", k->word, name);
	if (!js_len(items))
		return add_all(b, k, o, err);
	js_array_for_each (item, items)
		if (add_item(b, k, o, item, optional, err) < 0)
			return -1;
	return 0;
}

static int add_config_map(struct projector *b, const js *source, struct err *err)
{
	return add_object(b, false, js_str0(source, "name", NULL), source, err);
}

static int add_secret(struct projector *b, const js *source, struct err *err)
{
	return add_object(b, true, js_str0(source, "secretName", NULL), source, err);
}

static int add_projected_secret(struct projector *b, const js *source, struct err *err)
{
	return add_object(b, true, js_str0(source, "name", NULL), source, err);
}

/* ---- several errors as one, as upstream's aggregates are written ---- */

struct errors {
	struct buf text;
	struct err last;
	size_t n;
};

static void errors_add(struct errors *e, const struct err *err)
{
	if (e->n && strstr(buf_str(&e->text), err->msg))
		return;
	buf_addf(&e->text, "%s%s", e->n++ ? ", " : "", err->msg);
	e->last = *err;
}

static int errors_end(struct errors *e, struct err *err)
{
	int rc = 0;
	if (e->n == 1) {
		*err = e->last;
		rc = -1;
	} else if (e->n) {
		rc = err_set(err, e->last.reason, "[%.490s]", buf_str(&e->text));
	}
	buf_release(&e->text);
	return rc;
}

/* ---- downwardAPI ---- */

static int add_downward(struct projector *b, const js *source, struct err *err)
{
	struct errors errors = {.n = 0};
	js_array_for_each (item, js_arr(source, "items", NULL)) {
		struct err why = ERR_INIT;
		autobuf struct buf value = BUF_INIT;
		if (b->s->value(b->s->arg, item, &value, &why) < 0)
			errors_add(&errors, &why);
		else
			add(b, js_str0(item, "path", NULL), arena_strndup(b->a, buf_str(&value), value.len),
			    value.len, mode_of(b, item));
	}
	return errors_end(&errors, err);
}

/* ---- projected ---- */

static int no_token(struct projector *b, const js *source, struct err *err)
{
	return err_set(err, REASON_UNAVAILABLE,
		       "failed to fetch token: the server could not find the requested resource");
}

static int no_trust(struct projector *b, const js *source, struct err *err)
{
	return err_set(err, REASON_UNAVAILABLE,
		       "ClusterTrustBundle projection is not supported by this node");
}

typedef int add_fn(struct projector *b, const js *source, struct err *err);
struct row {
	const char *field;
	add_fn *add;
	int object; /* whose name it holds: a row of object_kinds; -1 = none */
	const char *name;
};
static const struct row parts[] = {
	{"configMap", add_config_map, false, "name"}, {"secret", add_projected_secret, true, "name"},
	{"downwardAPI", add_downward, -1, NULL},      {"serviceAccountToken", no_token, -1, NULL},
	{"clusterTrustBundle", no_trust, -1, NULL},
};

static int add_part(struct projector *b, const js *part, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const js *source = js_obj(part, parts[i].field, NULL);
		if (source)
			return parts[i].add(b, source, err);
	}
	return 0;
}

static int add_projected(struct projector *b, const js *source, struct err *err)
{
	struct errors errors = {.n = 0};
	js_array_for_each (part, js_arr(source, "sources", NULL)) {
		struct err why = ERR_INIT;
		if (add_part(b, part, &why) < 0)
			errors_add(&errors, &why);
	}
	return errors_end(&errors, err);
}

/* ---- volumes ---- */

static const struct row volumes[] = {
	{"configMap", add_config_map, false, "name"},
	{"secret", add_secret, true, "secretName"},
	{"downwardAPI", add_downward, -1, NULL},
	{"projected", add_projected, -1, NULL},
};

static const struct row *row_of(const char *field)
{
	for (size_t i = 0; i < ARRAY_LEN(volumes); i++)
		if (!strcmp(volumes[i].field, field))
			return &volumes[i];
	return NULL;
}

int projection_build(struct arena *a, const struct projection_source *s, const char *field, const js *source,
		     struct projection *ret, struct err *err)
{
	const struct row *r = row_of(field);
	struct projector b = {.a = a, .s = s, .mode = js_int(source, DEFAULT_MODE, "defaultMode", NULL)};
	int rc = r ? r->add(&b, source, err) : err_set(err, REASON_INVALID, "no projection: %s", field);
	if (rc == 0) {
		ret->v = arena_array(a, b.n, sizeof(*ret->v));
		ret->n = b.n;
		if (b.n)
			memcpy(ret->v, b.v, b.n * sizeof(*ret->v));
	}
	free(b.v);
	map_release(&b.at);
	return rc;
}

static void tell(const struct row *r, const js *source, projection_object_fn *fn, void *arg)
{
	if (r->object >= 0)
		fn(arg, r->object, js_str0(source, r->name, NULL));
}

void projection_objects(const char *field, const js *source, projection_object_fn *fn, void *arg)
{
	const struct row *r = row_of(field);
	if (r)
		tell(r, source, fn, arg);
	js_array_for_each (part, js_arr(source, "sources", NULL))
		for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
			const js *sub = js_obj(part, parts[i].field, NULL);
			if (sub)
				tell(&parts[i], sub, fn, arg);
		}
}
