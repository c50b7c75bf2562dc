/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry's gaps are its time, and names that are an object's own: the items of sets ("v:..."), and addresses and uids as
 * keys of items. Where to cut is a guess about what will be equal elsewhere; a wrong one costs memory and changes nothing,
 * because what was cut out is put back where it was.
 *
 * Forms are found by their text in one table under one lock, which a write takes once for each entry that is new to it; who
 * lets go takes it for the last reference only. Lists with the same entries have the same forms, so comparing them is
 * comparing pointers.
 */
#include "storage/obj_managed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "object/scan.h"

#define GAPS_MAX 32	  /* of one entry; what more it has is part of its form */
#define GAP_BYTES_MAX 255 /* longer values are, too */
#define BUCKETS_MIN 64

struct gap {
	uint32_t at; /* in the form's text */
	bool is_time;
};
struct obj_form {
	atomic_uint refs;
	uint32_t len, n_gaps;
	uint64_t hash;
	struct obj_form *next; /* of the same bucket */
	const char *text;      /* behind the gaps */
	struct gap gaps[];
};
/* One allocation: struct | forms | gaps' values, each behind its length in one byte. */
struct obj_managed {
	atomic_uint refs;
	uint32_t n, len, values_len;
	uint32_t values;
	int depth;
	bool settled;
	const unsigned char *fill;
	struct obj_form *forms[];
};

/* ---- forms ---- */

static struct {
	pthread_mutex_t lock;
	struct obj_form **buckets;
	size_t n_buckets, n;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void resize(size_t n_buckets)
{
	struct obj_form **buckets = mem_array(n_buckets, sizeof(*buckets));
	for (size_t i = 0; i < table.n_buckets; i++)
		for (struct obj_form *f = table.buckets[i], *next; f; f = next) {
			next = f->next;
			f->next = buckets[f->hash & (n_buckets - 1)];
			buckets[f->hash & (n_buckets - 1)] = f;
		}
	free(table.buckets);
	table.buckets = buckets;
	table.n_buckets = n_buckets;
}

static bool form_is(const struct obj_form *f, uint64_t hash, const struct buf *text, const struct gap *gaps,
		    size_t n_gaps)
{
	if (f->hash != hash || f->len != text->len || f->n_gaps != n_gaps ||
	    memcmp(f->text, text->p, text->len))
		return false;
	for (size_t i = 0; i < n_gaps; i++)
		if (f->gaps[i].at != gaps[i].at || f->gaps[i].is_time != gaps[i].is_time)
			return false;
	return true;
}

static struct obj_form *form_new(uint64_t hash, const struct buf *text, const struct gap *gaps, size_t n_gaps)
{
	struct obj_form *f = mem_alloc(sizeof(*f) + n_gaps * sizeof(*gaps) + text->len);
	char *p = (char *)&f->gaps[n_gaps];
	*f = (struct obj_form){
		.len = (uint32_t)text->len, .n_gaps = (uint32_t)n_gaps, .hash = hash, .text = p};
	atomic_init(&f->refs, 1);
	if (n_gaps)
		memcpy(f->gaps, gaps, n_gaps * sizeof(*gaps));
	memcpy(p, text->p, text->len);
	return f;
}

static struct obj_form *form_get(const struct buf *text, const struct gap *gaps, size_t n_gaps)
{
	uint64_t hash = map_hash(text->p, text->len);
	pthread_mutex_lock(&table.lock);
	struct obj_form *f = table.n_buckets ? table.buckets[hash & (table.n_buckets - 1)] : NULL;
	while (f && !form_is(f, hash, text, gaps, n_gaps))
		f = f->next;
	if (f) {
		atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	} else {
		if (table.n >= table.n_buckets)
			resize(table.n_buckets ? table.n_buckets * 2 : BUCKETS_MIN);
		struct obj_form **bucket = &table.buckets[hash & (table.n_buckets - 1)];
		f = form_new(hash, text, gaps, n_gaps);
		f->next = *bucket;
		*bucket = f;
		table.n++;
	}
	pthread_mutex_unlock(&table.lock);
	return f;
}

static void form_drop(struct obj_form *f)
{
	struct obj_form **at = &table.buckets[f->hash & (table.n_buckets - 1)];
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	table.n--;
	if (table.n_buckets > BUCKETS_MIN && table.n < table.n_buckets / 8)
		resize(table.n_buckets / 2);
	free(f);
}

/* The last reference goes under the lock: until then the form can be found, and taken again. */
static void form_unref(struct obj_form *f)
{
	unsigned n = atomic_load_explicit(&f->refs, memory_order_relaxed);
	while (n > 1)
		if (atomic_compare_exchange_weak_explicit(&f->refs, &n, n - 1, memory_order_release,
							  memory_order_relaxed))
			return;
	pthread_mutex_lock(&table.lock);
	if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
		form_drop(f);
	pthread_mutex_unlock(&table.lock);
}

size_t obj_managed_forms(void)
{
	pthread_mutex_lock(&table.lock);
	size_t n = table.n;
	pthread_mutex_unlock(&table.lock);
	return n;
}

/* ---- taking apart ---- */

struct cut {
	struct buf text, values; /* the form's; of the gaps */
	struct gap gaps[GAPS_MAX];
	size_t n_gaps;
};

/* Everything of the entry up to `from` is form, up to `to` a value. */
static void cut_out(struct cut *c, const char **p, const char *from, const char *to, bool is_time)
{
	if (from < *p || c->n_gaps == GAPS_MAX || to - from > GAP_BYTES_MAX)
		return;
	buf_add(&c->text, *p, (size_t)(from - *p));
	c->gaps[c->n_gaps++] = (struct gap){(uint32_t)c->text.len, is_time};
	buf_addc(&c->values, (char)(to - from));
	buf_add(&c->values, from, (size_t)(to - from));
	*p = to;
}

static bool stands_before(const char *start, const char *p, const char *text)
{
	size_t n = strlen(text);
	return (size_t)(p - start) >= n && !memcmp(p - n, text, n);
}

/* p is behind an escaped quote: whether an object's own name begins there. */
static bool begins_own(const char *start, const char *p)
{
	static const char *const before[] = {"\"v:\\\"", "{\\\"ip\\\":\\\"", "{\\\"uid\\\":\\\""};
	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		if (stands_before(start, p, before[i]))
			return true;
	return false;
}

static void cut_entry(struct cut *c, const char *p, size_t n)
{
	static const char time[] = "\"time\":\"";
	const char *start = p, *end = p + n, *at = p;
	const char *t = memmem(p, n, time, sizeof(time) - 1);
	const char *quote =
		t ? memchr(t + sizeof(time) - 1, '"', (size_t)(end - t) - sizeof(time) + 1) : NULL;
	while ((at = memchr(at, '\\', (size_t)(end - at))) && end - at > 2) {
		if (quote && at > quote) {
			cut_out(c, &p, t + sizeof(time) - 1, quote, true);
			quote = NULL;
		}
		at += 2;
		if (at[-1] != '"' || !begins_own(start, at))
			continue;
		const char *close = memchr(at, '\\', (size_t)(end - at));
		if (close)
			cut_out(c, &p, at, close, false);
		at = close ? close : end;
	}
	if (quote)
		cut_out(c, &p, t + sizeof(time) - 1, quote, true);
	buf_add(&c->text, p, (size_t)(end - p));
}

/* The spans of the entries; how many, with what the scanner counted. */
static size_t find_entries(struct scan *s, struct buf *ret)
{
	size_t n = 0;
	if (scan_peek(s) != SCAN_ARRAY || !scan_enter_array(s))
		return 0;
	for (; scan_item(s); n++) {
		scan_peek(s);
		const char *span[2] = {s->p};
		scan_skip(s);
		span[1] = s->p;
		buf_add(ret, (const char *)span, sizeof(span));
	}
	return n;
}

static struct obj_managed *assemble(struct obj_form *const *forms, size_t n, const char *fill,
				    size_t fill_len)
{
	struct obj_managed *m = mem_alloc(sizeof(*m) + n * sizeof(*forms) + fill_len);
	char *p = (char *)&m->forms[n];
	size_t len = 2 + (n ? n - 1 : 0) + fill_len;
	for (size_t i = 0; i < n; i++) {
		m->forms[i] = forms[i];
		len += forms[i]->len - forms[i]->n_gaps; /* a value's length is not in the text */
	}
	if (fill_len)
		memcpy(p, fill, fill_len);
	atomic_init(&m->refs, 1);
	m->n = (uint32_t)n;
	m->len = (uint32_t)len;
	m->values_len = (uint32_t)fill_len;
	m->fill = (const unsigned char *)p;
	m->settled = false;
	return m;
}

struct obj_managed *obj_managed_new(const char *p, size_t n)
{
	autobuf struct buf spans = BUF_INIT, fill = BUF_INIT;
	struct scan s;
	scan_init(&s, p, n);
	size_t n_entries = find_entries(&s, &spans);
	autofree struct obj_form **forms = mem_array(n_entries + 1, sizeof(struct obj_form *));
	for (size_t i = 0; i < n_entries; i++) {
		const char *span[2];
		struct cut c = {.text = BUF_INIT, .values = BUF_INIT};
		memcpy(span, spans.p + i * sizeof(span), sizeof(span));
		buf_reserve(&c.text, (size_t)(span[1] - span[0]));
		cut_entry(&c, span[0], (size_t)(span[1] - span[0]));
		forms[i] = form_get(&c.text, c.gaps, c.n_gaps);
		buf_add(&fill, c.values.p, c.values.len);
		buf_release(&c.text);
		buf_release(&c.values);
	}
	struct obj_managed *m = assemble(forms, n_entries, fill.p, fill.len);
	m->values = (uint32_t)s.values;
	m->depth = s.deepest;
	return m;
}

struct obj_managed *obj_managed_at(const struct obj_managed *m, const char *time)
{
	autobuf struct buf fill = BUF_INIT;
	const unsigned char *value = m->fill;
	size_t n = strlen(time);
	for (size_t i = 0; i < m->n; i++) {
		const struct obj_form *f = m->forms[i];
		for (size_t k = 0; k < f->n_gaps; value += 1 + *value, k++) {
			if (f->gaps[k].is_time && n <= GAP_BYTES_MAX) {
				buf_addc(&fill, (char)n);
				buf_add(&fill, time, n);
			} else {
				buf_add(&fill, (const char *)value, 1u + *value);
			}
		}
	}
	for (size_t i = 0; i < m->n; i++)
		atomic_fetch_add_explicit(&m->forms[i]->refs, 1, memory_order_relaxed);
	struct obj_managed *ret = assemble(m->forms, m->n, fill.p, fill.len);
	ret->values = m->values;
	ret->depth = m->depth;
	return ret;
}

struct obj_managed *obj_managed_settle(struct obj_managed *m)
{
	if (m->settled)
		return obj_managed_ref(m);
	for (size_t i = 0; i < m->n; i++)
		atomic_fetch_add_explicit(&m->forms[i]->refs, 1, memory_order_relaxed);
	struct obj_managed *ret = assemble(m->forms, m->n, (const char *)m->fill, m->values_len);
	ret->values = m->values;
	ret->depth = m->depth;
	ret->settled = true;
	return ret;
}

struct obj_managed *obj_managed_ref(struct obj_managed *m)
{
	atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
	return m;
}

void obj_managed_unref(struct obj_managed *m)
{
	if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_release) != 1)
		return;
	(void)atomic_load_explicit(&m->refs, memory_order_acquire); /* as obj_unref */
	for (size_t i = 0; i < m->n; i++)
		form_unref(m->forms[i]);
	free(m);
}

void obj_managed_autounref(struct obj_managed **m)
{
	obj_managed_unref(*m);
}

/* ---- putting together ---- */

/* Where a read stands: pieces before `skip` bytes of the text are passed over. */
struct read {
	size_t skip;
	char *p, *end;
};

/* False: there is no more room. */
static bool put(struct read *r, const char *p, size_t n)
{
	if (r->skip >= n) {
		r->skip -= n;
		return true;
	}
	size_t left = n - r->skip, room = (size_t)(r->end - r->p);
	size_t take = left < room ? left : room;
	r->p = mempcpy(r->p, p + r->skip, take);
	r->skip = 0;
	return take == left;
}

static bool put_entry(struct read *r, const struct obj_form *f, const unsigned char **value)
{
	size_t at = 0;
	for (size_t i = 0; i < f->n_gaps; i++) {
		if (!put(r, f->text + at, f->gaps[i].at - at) || !put(r, (const char *)*value + 1, **value))
			return false;
		*value += 1 + **value;
		at = f->gaps[i].at;
	}
	return put(r, f->text + at, f->len - at);
}

size_t obj_managed_read(const struct obj_managed *m, size_t off, char *p, size_t max)
{
	struct read r = {off, p, p + max};
	const unsigned char *value = m->fill;
	bool room = put(&r, "[", 1);
	for (size_t i = 0; room && i < m->n; i++)
		room = (!i || put(&r, ",", 1)) && put_entry(&r, m->forms[i], &value);
	if (room)
		put(&r, "]", 1);
	return (size_t)(r.p - p);
}

size_t obj_managed_len(const struct obj_managed *m)
{
	return m->len;
}

void obj_managed_write(const struct obj_managed *m, struct buf *out)
{
	buf_reserve(out, m->len);
	out->len += obj_managed_read(m, 0, out->p + out->len, m->len);
	out->p[out->len] = '\0';
}

/* ---- comparing ---- */

static bool same_forms(const struct obj_managed *x, const struct obj_managed *y)
{
	return x->n == y->n && !memcmp(x->forms, y->forms, x->n * sizeof(struct obj_form *));
}

bool obj_managed_same(const struct obj_managed *x, const struct obj_managed *y)
{
	if (x == y || !x || !y)
		return x == y;
	return same_forms(x, y) && x->values_len == y->values_len && !memcmp(x->fill, y->fill, x->values_len);
}

bool obj_managed_same_but_times(const struct obj_managed *x, const struct obj_managed *y)
{
	if (x == y || !x || !y)
		return x == y;
	if (!same_forms(x, y))
		return false;
	const unsigned char *a = x->fill, *b = y->fill;
	for (size_t i = 0; i < x->n; i++)
		for (size_t k = 0; k < x->forms[i]->n_gaps; a += 1 + *a, b += 1 + *b, k++)
			if (!x->forms[i]->gaps[k].is_time && (*a != *b || memcmp(a + 1, b + 1, *a)))
				return false;
	return true;
}

size_t obj_managed_size(const struct obj_managed *m)
{
	return sizeof(*m) + m->n * sizeof(struct obj_form *) + m->values_len;
}

size_t obj_managed_values(const struct obj_managed *m)
{
	return m->values;
}

int obj_managed_depth(const struct obj_managed *m)
{
	return m->depth;
}
