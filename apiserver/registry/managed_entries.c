/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of managedFields (kubernetes/apimachinery pkg/util/managedfields/internal: managedfields.go, capmanagers.go).
 * A list that is not right in every part counts as none, so decoding fails as a whole.
 *
 * Of a stored list most sets are neither looked into nor changed by a write: an agent's status owns nothing of what the
 * controller made. Those stay text, and go back as that (a status patch of a Pod spent an eighth of its time on them).
 */
#include "registry/managed_internal.h"

#include <stdlib.h>
#include "base/clock.h"
#include "object/rfc3339.h"
#include "object/scan.h"

#define UPDATERS_MAX 10
#define ANCIENT "ancient-changes"

/* ---- reading ---- */

struct managed_entry {
	struct manager m;
	bool has_operation;
	const char *fields; /* NULL: none said */
	size_t n_fields;
	const char *type;
};

static const char *read_text(struct arena *a, struct scan *s)
{
	const char *p;
	size_t n;
	bool escaped;

	if (scan_peek(s) != SCAN_STRING) {
		scan_skip(s);
		return "";
	}
	if (!scan_string(s, &p, &n, &escaped))
		return "";
	if (!escaped)
		return arena_strndup(a, p, n);
	autobuf struct buf text = BUF_INIT;
	scan_unescape(&text, p, n);
	return arena_strndup(a, buf_str(&text), text.len);
}

static void read_time(struct arena *a, struct scan *s, struct manager *m)
{
	struct err ignore = ERR_INIT;
	int64_t ns;

	if (scan_peek(s) != SCAN_STRING) {
		scan_skip(s);
		return;
	}
	m->time = read_text(a, s);
	m->seconds = rfc3339_parse(m->time, &ns, &ignore) == 0 ? ns / NS_PER_S : 0;
}

static void read_fields(struct scan *s, struct managed_entry *e)
{
	bool null = scan_peek(s) == SCAN_NULL;
	const char *p = s->p;

	scan_skip(s);
	e->fields = null ? NULL : p;
	e->n_fields = (size_t)(s->p - p);
}

static bool read_entry(struct arena *a, struct scan *s, struct managed_entry *e)
{
	const char *key, *operation = "";
	size_t n;

	*e = (struct managed_entry){.m = {.name = "", .version = "", .subresource = ""}, .type = ""};
	if (scan_peek(s) != SCAN_OBJECT || !scan_enter_object(s))
		return false;
	while (scan_key(s, &key, &n)) {
		if (scan_key_is(key, n, "manager"))
			e->m.name = read_text(a, s);
		else if (scan_key_is(key, n, "operation"))
			operation = read_text(a, s);
		else if (scan_key_is(key, n, "apiVersion"))
			e->m.version = read_text(a, s);
		else if (scan_key_is(key, n, "time"))
			read_time(a, s, &e->m);
		else if (scan_key_is(key, n, "fieldsType"))
			e->type = read_text(a, s);
		else if (scan_key_is(key, n, "fieldsV1"))
			read_fields(s, e);
		else if (scan_key_is(key, n, "subresource"))
			e->m.subresource = read_text(a, s);
		else
			scan_skip(s);
	}
	e->m.applied = !strcmp(operation, "Apply");
	e->has_operation = e->m.applied || !strcmp(operation, "Update");
	return !scan_failed(s);
}

#define UNREAD_LEAST 64 /* bytes; taking less apart costs nothing */

static int take_entry(struct managers *m, struct managed_entry *e, bool unread, struct err *err)
{
	struct err why = ERR_INIT;

	if (!e->has_operation)
		return err_set(err, REASON_BAD_REQUEST, "operation must be `Apply` or `Update`");
	if (!*e->m.version)
		return err_set(err, REASON_BAD_REQUEST, "apiVersion must not be empty");
	if (!*e->type)
		return err_set(err, REASON_BAD_REQUEST, "missing fieldsType in managed fields entry %zu",
			       m->n);
	if (strcmp(e->type, "FieldsV1"))
		return err_set(err, REASON_BAD_REQUEST,
			       "invalid fieldsType \"%.80s\" in managed fields entry %zu", e->type, m->n);
	if (unread && e->fields && e->n_fields >= UNREAD_LEAST) {
		e->m.unread = e->fields;
		e->m.n_unread = e->n_fields;
	} else if (e->fields && fieldset_parse(m->arena, e->fields, e->n_fields, &e->m.set, &why) < 0) {
		return err_set(err, REASON_BAD_REQUEST, "error decoding versioned set: %.200s", why.msg);
	}
	managers_add(m, &e->m);
	return 0;
}

/* ---- identity ---- */

static int compare_identity(const struct manager *x, const struct manager *y)
{
	int c = (int)x->applied - (int)y->applied;

	if (!c)
		c = strcmp(x->name, y->name);
	if (!c)
		c = strcmp(x->subresource, y->subresource);
	return c || x->applied ? c : strcmp(x->version, y->version);
}

static int by_identity(const void *a, const void *b)
{
	const struct manager *const *x = a, *const *y = b;
	int c = compare_identity(*x, *y);

	return c ? c : (*x > *y) - (*x < *y);
}

/* Of two entries of one manager the later counts. */
static void drop_repeated(struct managers *m)
{
	autofree struct manager **order = mem_array(m->n + 1, sizeof(*order));
	autofree struct manager *kept = mem_array(m->n + 1, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		order[i] = &m->v[i];
	qsort(order, m->n, sizeof(*order), by_identity);
	for (size_t i = 0; i < m->n; i++)
		if (i + 1 == m->n || compare_identity(order[i], order[i + 1]))
			kept[n++] = *order[i];
	if (n < m->n)
		memcpy(m->v, kept, n * sizeof(*kept));
	m->n = n;
}

struct manager *managers_find(const struct managers *m, const struct manager *like)
{
	for (size_t i = 0; i < m->n; i++)
		if (!compare_identity(&m->v[i], like))
			return &m->v[i];
	return NULL;
}

struct manager *managers_add(struct managers *m, const struct manager *like)
{
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 8;
		struct manager *v = arena_array(m->arena, cap, sizeof(*v));
		if (m->n)
			memcpy(v, m->v, m->n * sizeof(*v));
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n] = *like;
	return &m->v[m->n++];
}

void managers_drop_empty(struct managers *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].set || m->v[i].unread)
			m->v[n++] = m->v[i];
	m->n = n;
}

static int decode(struct arena *a, const char *p, size_t n, bool unread, struct managers *ret,
		  struct err *err)
{
	struct scan s;
	struct managed_entry e;

	*ret = (struct managers){.arena = a};
	scan_init(&s, p, n);
	if (scan_peek(&s) != SCAN_ARRAY || !scan_enter_array(&s))
		return err_set(err, REASON_BAD_REQUEST, "managed fields are no list");
	while (scan_item(&s)) {
		if (!read_entry(a, &s, &e)) {
			ret->n = 0;
			return err_set(err, REASON_BAD_REQUEST, "managed fields entry %zu is no object",
				       ret->n);
		}
		if (take_entry(ret, &e, unread, err) < 0) {
			ret->n = 0;
			return -1;
		}
	}
	if (ret->n > 1)
		drop_repeated(ret);
	return 0;
}

int managers_decode(struct arena *a, const char *p, size_t n, struct managers *ret, struct err *err)
{
	return decode(a, p, n, false, ret, err);
}

static int decode_stored(struct arena *a, const struct obj_managed *m, bool unread, struct managers *ret,
			 struct err *err)
{
	*ret = (struct managers){.arena = a};
	if (!m)
		return 0;
	size_t n = obj_managed_len(m);
	char *text = arena_alloc(a, n);
	obj_managed_read(m, 0, text, n);
	return decode(a, text, n, unread, ret, err);
}

int managers_of(struct arena *a, const struct obj_managed *m, struct managers *ret, struct err *err)
{
	return decode_stored(a, m, false, ret, err);
}

int managers_of_unread(struct arena *a, const struct obj_managed *m, struct managers *ret, struct err *err)
{
	return decode_stored(a, m, true, ret, err);
}

/* "f:spec" */
static bool is_named(const struct fieldset_element *e, const char *key, size_t len)
{
	return e->by != FIELDSET_FIELD ||
	       (len == e->n + 2 && !memcmp(key, "f:", 2) && !memcmp(key + 2, e->p, e->n));
}

bool managers_meet(const struct manager *who, const struct fieldset *set)
{
	struct scan s;
	const char *key;
	size_t len;
	bool escaped;

	if (!set)
		return false;
	scan_init(&s, who->unread, who->n_unread);
	if (scan_peek(&s) != SCAN_OBJECT || !scan_enter_object(&s))
		return true;
	while (scan_key_escaped(&s, &key, &len, &escaped)) {
		for (size_t i = 0; i < set->n; i++)
			if (escaped || is_named(&set->v[i].e, key, len))
				return true;
		scan_skip(&s);
	}
	return scan_failed(&s);
}

bool managers_read(struct managers *m, struct manager *who)
{
	struct err ignore = ERR_INIT;
	const char *text = STEAL(who->unread);

	return !text || fieldset_parse(m->arena, text, who->n_unread, &who->set, &ignore) == 0;
}

/* ---- writing ---- */

static int by_place(const void *a, const void *b)
{
	const struct manager *x = a, *y = b;
	int c = (int)y->applied - (int)x->applied; /* Apply before Update */

	if (!c)
		c = (x->seconds > y->seconds) - (x->seconds < y->seconds);
	if (!c)
		c = strcmp(x->name, y->name);
	if (!c)
		c = strcmp(x->version, y->version);
	return c ? c : strcmp(x->subresource, y->subresource);
}

static void write_member(struct buf *out, const char *key, const char *value)
{
	buf_adds(out, key);
	buf_add_json_string(out, value, strlen(value));
}

static void write_manager(struct buf *out, const struct manager *m)
{
	buf_addc(out, '{');
	if (*m->name) {
		write_member(out, "\"manager\":", m->name);
		buf_addc(out, ',');
	}
	buf_adds(out, m->applied ? "\"operation\":\"Apply\"" : "\"operation\":\"Update\"");
	write_member(out, ",\"apiVersion\":", m->version);
	if (m->time)
		write_member(out, ",\"time\":", m->time);
	buf_adds(out, ",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":");
	if (m->unread)
		buf_add(out, m->unread, m->n_unread);
	else
		fieldset_write(out, m->set);
	if (*m->subresource)
		write_member(out, ",\"subresource\":", m->subresource);
	buf_addc(out, '}');
}

void managers_encode(struct managers *m, struct buf *out)
{
	if (!m->n)
		return;
	qsort(m->v, m->n, sizeof(*m->v), by_place);
	for (size_t i = 0; i < m->n; i++) {
		buf_addc(out, i ? ',' : '[');
		write_manager(out, &m->v[i]);
	}
	buf_addc(out, ']');
}

/* ---- the cap ---- */

static int by_age(const void *a, const void *b)
{
	const struct manager *const *x = a, *const *y = b;
	int c = ((*x)->seconds > (*y)->seconds) - ((*x)->seconds < (*y)->seconds);

	return c ? c : compare_identity(*x, *y);
}

/* What becomes of the updaters that speak one version: the first stays as it is until a second one is met. */
struct updaters {
	const char *version;
	struct manager *first, *bucket;
	size_t n; /* sets that go into the bucket */
};
#define VERSIONS_MAX 64

static struct updaters *updaters_of(struct updaters *v, size_t *n, const char *version)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(v[i].version, version))
			return &v[i];
	if (*n == VERSIONS_MAX)
		return NULL;
	v[*n] = (struct updaters){.version = version};
	return &v[(*n)++];
}

static struct manager *bucket_of(struct managers *m, struct updaters *c)
{
	struct manager bucket = {.name = ANCIENT, .version = c->version, .subresource = ""};
	struct manager *there = managers_find(m, &bucket);

	if (there)
		return there;
	c->first->name = ANCIENT; /* it becomes the bucket */
	c->first->subresource = "";
	return c->first;
}

/* Two by two, so that many small sets do not cost what they grow to each time. */
static const struct fieldset *union_all(struct arena *a, const struct fieldset **sets, size_t n)
{
	for (; n > 1; n = (n + 1) / 2)
		for (size_t i = 0; i < n; i += 2)
			sets[i / 2] = i + 1 < n ? fieldset_union(a, sets[i], sets[i + 1]) : sets[i];
	return sets[0];
}

/* The sets that are to go into a bucket, by the order of their managers. */
struct gone {
	const struct updaters *from;
	const struct fieldset *set;
};

static void fill_bucket(struct managers *m, const struct updaters *c, const struct gone *gone, size_t n)
{
	autofree const struct fieldset **sets = mem_array(c->n + 1, sizeof(*sets));
	size_t k = 0;

	if (!c->n)
		return;
	if (c->bucket->set)
		sets[k++] = c->bucket->set;
	for (size_t i = 0; i < n; i++)
		if (gone[i].from == c)
			sets[k++] = gone[i].set;
	c->bucket->set = union_all(m->arena, sets, k);
}

void managers_cap(struct managers *m)
{
	autofree struct manager **oldest = mem_array(m->n + 1, sizeof(*oldest));
	autofree struct gone *gone = mem_array(m->n + 1, sizeof(*gone));
	struct updaters all[VERSIONS_MAX];
	size_t n = 0, left, n_gone = 0, n_all = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!m->v[i].applied)
			oldest[n++] = &m->v[i];
	if (n <= UPDATERS_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		(void)managers_read(m, oldest[i]);
	qsort(oldest, n, sizeof(*oldest), by_age);
	left = n;
	for (size_t i = 0; i < n && left > UPDATERS_MAX; i++) {
		struct manager *who = oldest[i];
		struct updaters *c = updaters_of(all, &n_all, who->version);
		if (!c || !c->first) {
			if (c)
				c->first = who;
			continue;
		}
		if (!c->bucket)
			c->bucket = bucket_of(m, c);
		if (c->bucket == who)
			continue;
		if (who->set) {
			gone[n_gone++] = (struct gone){c, STEAL(who->set)};
			c->n++;
		}
		c->bucket->time = who->time;
		c->bucket->seconds = who->seconds;
		left--;
	}
	for (size_t i = 0; i < n_all; i++)
		fill_bucket(m, &all[i], gone, n_gone);
	managers_drop_empty(m);
}
