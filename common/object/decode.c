/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading half of decode.h: rows against the scanner. decode_copy.c makes the block.
 *
 * At each level of the document a run of rows [from, to) is alive, those whose paths begin with the steps taken so
 * far; a member's name picks the run below it. Tables are a few dozen rows, so a run is searched in order: most
 * names differ in length or in the first byte. Where several rows want one value, the scanner goes back to it.
 *
 * Scratch memory is bounded by DECODE_MAX too, for a few bytes of text ("{}") may stand for a large struct.
 */
#include "object/decode.h"

#include <stdlib.h>
#include <string.h>
#include "object/decode_internal.h"
#include "object/rfc3339.h"

struct decoding {
	struct scan *s;
	struct arena *a;
	size_t bytes; /* taken from the arena so far */
};

/* The rows of one level that are alive: their paths agree up to `at`. */
struct run {
	const struct decode_row *from, *to;
	size_t at;
	bool literal;
};

static bool read_value(struct decoding *d, const struct run *run, char *o);
static bool read_item(struct decoding *d, const struct decode_spec *spec, char *o);

static bool spend(struct decoding *d, size_t n)
{
	d->bytes += n;
	return d->bytes <= DECODE_MAX || scan_fail(d->s, "the object is too large when decoded");
}

/* ---- arrays that grow, in the arena ---- */
struct grow {
	char *v;
	size_t n, cap, size;
};

/* A zeroed place behind the last one; the others may move. */
static void *grow_next(struct decoding *d, struct grow *g)
{
	if (g->n == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 4;
		if (!spend(d, cap * g->size))
			return NULL;
		char *v = arena_array(d->a, cap, g->size);
		if (g->n)
			memcpy(v, g->v, g->n * g->size);
		g->v = v;
		g->cap = cap;
	}
	return memset(g->v + g->n++ * g->size, 0, g->size);
}

static void set_array(const struct decode_row *row, char *o, const struct grow *g)
{
	*(void **)(o + row->offset) = g->v;
	if (row->count_offset != DECODE_NO_COUNT)
		*(size_t *)(o + row->count_offset) = g->n;
}

/* ---- strings ---- */

/* NULL when the text is no C string, for want of memory too (the scan has failed then). */
static const char *keep(struct decoding *d, const char *p, size_t n, bool escaped)
{
	if (!spend(d, n + 1))
		return NULL;
	if (!escaped)
		return arena_strndup(d->a, p, n);
	autobuf struct buf b = BUF_INIT;
	scan_unescape(&b, p, n);
	return memchr(buf_str(&b), '\0', b.len) ? NULL : arena_strndup(d->a, buf_str(&b), b.len);
}

/* False when the scan failed; *ret stays when the value is no string. */
static bool read_text(struct decoding *d, const char **ret)
{
	const char *p;
	size_t n;
	bool escaped;
	if (scan_peek(d->s) != SCAN_STRING)
		return scan_skip(d->s);
	if (!scan_string(d->s, &p, &n, &escaped))
		return false;
	const char *text = keep(d, p, n, escaped);
	if (text)
		*ret = text;
	return !scan_failed(d->s);
}

static bool read_string(struct decoding *d, const struct decode_row *row, char *o)
{
	return read_text(d, (const char **)(o + row->offset));
}

static bool read_json(struct decoding *d, const struct decode_row *row, char *o)
{
	enum scan_type t = scan_peek(d->s);
	const char *start = d->s->p;
	if (!scan_skip(d->s))
		return false;
	if (t == SCAN_NULL)
		return true;
	size_t n = (size_t)(d->s->p - start);
	if (!spend(d, n + 1))
		return false;
	*(const char **)(o + row->offset) = arena_strndup(d->a, start, n);
	return true;
}

static bool read_strings(struct decoding *d, const struct decode_row *row, char *o)
{
	struct grow g = {.size = sizeof(char *)};
	if (scan_peek(d->s) != SCAN_ARRAY)
		return scan_skip(d->s);
	scan_enter_array(d->s);
	while (scan_item(d->s)) {
		const char *text = NULL;
		if (!read_text(d, &text))
			return false;
		if (!text)
			continue;
		const char **place = grow_next(d, &g);
		if (!place)
			return false;
		*place = text;
	}
	if (scan_failed(d->s))
		return false;
	if (g.n) {
		if (!grow_next(d, &g)) /* the NULL */
			return false;
		g.n--;
	}
	set_array(row, o, &g);
	return true;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

static bool collect_labels(struct decoding *d, struct grow *g)
{
	const char *key;
	size_t n;
	bool escaped;
	scan_enter_object(d->s);
	while (scan_key_escaped(d->s, &key, &n, &escaped)) {
		const char *value = NULL;
		if (!read_text(d, &value))
			return false;
		const char *name = value ? keep(d, key, n, escaped) : NULL;
		if (!name)
			continue;
		struct label *l = grow_next(d, g);
		if (!l)
			return false;
		*l = (struct label){name, value};
	}
	return !scan_failed(d->s);
}

static bool read_labels(struct decoding *d, const struct decode_row *row, char *o)
{
	struct grow g = {.size = sizeof(struct label)};
	if (scan_peek(d->s) != SCAN_OBJECT)
		return scan_skip(d->s);
	if (!collect_labels(d, &g) || !spend(d, sizeof(struct labels) + g.n * sizeof(struct label)))
		return false;
	struct labels *l = NULL;
	if (g.n) {
		l = arena_alloc(d->a, sizeof(*l) + g.n * sizeof(l->v[0]));
		l->n = g.n;
		memcpy(l->v, g.v, g.n * sizeof(l->v[0]));
		qsort(l->v, l->n, sizeof(l->v[0]), by_key);
	}
	*(struct labels **)(o + row->offset) = l;
	return true;
}

/* ---- scalars ---- */
static bool read_bool(struct decoding *d, const struct decode_row *row, char *o)
{
	enum scan_type t = scan_peek(d->s);
	if (t != SCAN_TRUE && t != SCAN_FALSE)
		return scan_skip(d->s);
	return scan_bool(d->s, (bool *)(o + row->offset));
}

/* *is tells whether the value was a whole number of 64 bits. */
static bool read_number(struct decoding *d, int64_t *v, bool *is)
{
	const char *p;
	size_t n;
	*is = false;
	if (scan_peek(d->s) != SCAN_NUMBER)
		return scan_skip(d->s);
	if (!scan_number(d->s, &p, &n))
		return false;
	*is = scan_literal_int(p, n, v);
	return true;
}

static bool read_int32(struct decoding *d, const struct decode_row *row, char *o)
{
	int64_t v = 0;
	bool is;
	if (!read_number(d, &v, &is))
		return false;
	if (is && v >= INT32_MIN && v <= INT32_MAX)
		*(int32_t *)(o + row->offset) = (int32_t)v;
	return true;
}

static bool read_int64(struct decoding *d, const struct decode_row *row, char *o)
{
	int64_t v = 0;
	bool is;
	if (!read_number(d, &v, &is))
		return false;
	if (is)
		*(int64_t *)(o + row->offset) = v;
	return true;
}

/* Short strings that are only looked at. *n is 0 when the value is none. */
static bool read_word(struct decoding *d, const char **p, size_t *n)
{
	bool escaped;
	*n = 0;
	if (scan_peek(d->s) != SCAN_STRING)
		return scan_skip(d->s);
	if (!scan_string(d->s, p, n, &escaped))
		return false;
	if (escaped)
		*n = 0;
	return true;
}

static bool read_uint64(struct decoding *d, const struct decode_row *row, char *o)
{
	const char *p;
	size_t n;
	uint64_t v = 0;
	if (!read_word(d, &p, &n))
		return false;
	if (!n)
		return true;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned char)p[i] - '0';
		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
			return true;
	}
	*(uint64_t *)(o + row->offset) = v;
	return true;
}

static bool read_time(struct decoding *d, const struct decode_row *row, char *o)
{
	char text[RFC3339_MAX];
	const char *p;
	size_t n;
	int64_t ns;
	struct err ignored;
	if (!read_word(d, &p, &n))
		return false;
	if (!n || n >= sizeof(text))
		return true;
	memcpy(text, p, n);
	text[n] = '\0';
	if (rfc3339_parse(text, &ns, &ignored) == 0)
		*(int64_t *)(o + row->offset) = ns;
	return true;
}

static bool read_quantity(struct decoding *d, struct quantity *q, bool *is)
{
	const char *p, *text;
	size_t n;
	struct err ignored;
	*is = false;
	if (scan_peek(d->s) == SCAN_NUMBER) {
		if (!scan_number(d->s, &p, &n))
			return false;
	} else if (!read_word(d, &p, &n)) {
		return false;
	}
	text = n ? keep(d, p, n, false) : NULL;
	*is = text && quantity_parse(text, q, &ignored) == 0;
	return !scan_failed(d->s);
}

static bool read_amount(struct decoding *d, const struct decode_row *row, char *o)
{
	struct quantity q;
	bool is;
	if (!read_quantity(d, &q, &is))
		return false;
	if (is)
		*(int64_t *)(o + row->offset) =
			row->type == DECODE_T_MILLI ? quantity_milli(&q) : quantity_value(&q);
	return true;
}

static bool read_enum(struct decoding *d, const struct decode_row *row, char *o)
{
	const char *p;
	size_t n;
	if (!read_word(d, &p, &n))
		return false;
	for (size_t i = 0; n && i < row->n_names; i++)
		if (row->names[i] && strlen(row->names[i]) == n && !memcmp(row->names[i], p, n))
			*(int *)(o + row->offset) = (int)i;
	return true;
}

static bool read_count(struct decoding *d, const struct decode_row *row, char *o)
{
	enum scan_type t = scan_peek(d->s);
	const char *key;
	size_t n = 0, len;
	if (t != SCAN_ARRAY && t != SCAN_OBJECT)
		return scan_skip(d->s);
	if (t == SCAN_ARRAY)
		scan_enter_array(d->s);
	else
		scan_enter_object(d->s);
	while (t == SCAN_ARRAY ? scan_item(d->s) : scan_key(d->s, &key, &len)) {
		if (!scan_skip(d->s))
			return false;
		n++;
	}
	*(size_t *)(o + row->offset) = n;
	return !scan_failed(d->s);
}

static bool read_present(struct decoding *d, const struct decode_row *row, char *o)
{
	*(bool *)(o + row->offset) = scan_peek(d->s) != SCAN_NULL;
	return scan_skip(d->s);
}

/* ---- structs ---- */
static bool read_struct(struct decoding *d, const struct decode_row *row, char *o)
{
	const struct run run = {row->sub->rows, row->sub->rows + row->sub->n, 0, row->sub->literal};
	return read_value(d, &run, o + row->offset);
}

static bool read_pointer(struct decoding *d, const struct decode_row *row, char *o)
{
	if (scan_peek(d->s) == SCAN_NULL)
		return scan_skip(d->s);
	if (!spend(d, row->sub->size))
		return false;
	char *p = arena_alloc(d->a, row->sub->size);
	*(void **)(o + row->offset) = p;
	return read_item(d, row->sub, p);
}

static bool read_array(struct decoding *d, const struct decode_row *row, char *o)
{
	struct grow g = {.size = row->sub->size};
	if (scan_peek(d->s) != SCAN_ARRAY)
		return scan_skip(d->s);
	scan_enter_array(d->s);
	while (scan_item(d->s)) {
		char *item = grow_next(d, &g);
		if (!item || !read_item(d, row->sub, item))
			return false;
	}
	set_array(row, o, &g);
	return !scan_failed(d->s);
}

static void set_key(const struct decode_spec *spec, char *o, const char *name)
{
	for (size_t i = 0; i < spec->n; i++)
		if (spec->rows[i].type == DECODE_T_KEY)
			*(const char **)(o + spec->rows[i].offset) = name;
}

static bool read_map(struct decoding *d, const struct decode_row *row, char *o)
{
	struct grow g = {.size = row->sub->size};
	const char *key;
	size_t n;
	bool escaped;
	if (scan_peek(d->s) != SCAN_OBJECT)
		return scan_skip(d->s);
	scan_enter_object(d->s);
	while (scan_key_escaped(d->s, &key, &n, &escaped)) {
		const char *name = keep(d, key, n, escaped);
		char *item = name ? grow_next(d, &g) : NULL;
		if (item && !read_item(d, row->sub, item))
			return false;
		if (item)
			set_key(row->sub, item, name); /* after its initial values */
		else if (scan_failed(d->s) || !scan_skip(d->s))
			return false;
	}
	set_array(row, o, &g);
	return !scan_failed(d->s);
}

/* Does the object at the cursor have this member? The scanner is left inside of it: the caller goes back. */
static bool has_member(struct decoding *d, const char *want, const char *value)
{
	const char *key, *p = "";
	size_t n;
	if (scan_peek(d->s) != SCAN_OBJECT)
		return false;
	scan_enter_object(d->s);
	while (scan_key(d->s, &key, &n)) {
		if (!scan_key_is(key, n, want)) {
			if (!scan_skip(d->s))
				return false;
			continue;
		}
		return read_word(d, &p, &n) && n == strlen(value) && !memcmp(p, value, n);
	}
	return false;
}

static bool read_find(struct decoding *d, const struct decode_row *row, char *o)
{
	bool found = false;
	if (scan_peek(d->s) != SCAN_ARRAY)
		return scan_skip(d->s);
	scan_enter_array(d->s);
	while (scan_item(d->s)) {
		struct scan start = *d->s;
		bool is = !found && has_member(d, row->key, row->value);
		if (scan_failed(d->s))
			return false;
		*d->s = start;
		if (is ? !read_struct(d, row, o) : !scan_skip(d->s))
			return false;
		found |= is;
	}
	return !scan_failed(d->s);
}

static bool read_call(struct decoding *d, const struct decode_row *row, char *o)
{
	return row->call(d->s, d->a, o + row->offset) && !scan_failed(d->s);
}

static bool (*const readers[])(struct decoding *d, const struct decode_row *row, char *o) = {
	[DECODE_T_STRING] = read_string, [DECODE_T_JSON] = read_json,
	[DECODE_T_BOOL] = read_bool,	 [DECODE_T_INT32] = read_int32,
	[DECODE_T_INT64] = read_int64,	 [DECODE_T_UINT64] = read_uint64,
	[DECODE_T_TIME] = read_time,	 [DECODE_T_VALUE] = read_amount,
	[DECODE_T_MILLI] = read_amount,	 [DECODE_T_ENUM] = read_enum,
	[DECODE_T_COUNT] = read_count,	 [DECODE_T_PRESENT] = read_present,
	[DECODE_T_LABELS] = read_labels, [DECODE_T_STRINGS] = read_strings,
	[DECODE_T_STRUCT] = read_struct, [DECODE_T_POINTER] = read_pointer,
	[DECODE_T_ARRAY] = read_array,	 [DECODE_T_MAP] = read_map,
	[DECODE_T_FIND] = read_find,	 [DECODE_T_CALL] = read_call,
};

/* ---- the walk ---- */

/* Rows whose next step is this name; an empty run when there are none. */
static struct run below(const struct run *run, const char *key, size_t n)
{
	struct run r = {.from = run->from, .at = run->at + n, .literal = run->literal};
	const struct decode_row *row = run->from;
	for (; row < run->to; row++) {
		const char *step = row->path + run->at;
		bool same = !strncmp(step, key, n) && (!step[n] || (step[n] == '.' && !run->literal));
		if (same && !r.to)
			r.from = row;
		else if (!same && r.to)
			break;
		if (same)
			r.to = row + 1;
	}
	if (!r.to)
		r.to = r.from;
	return r;
}

static bool read_members(struct decoding *d, const struct run *run, char *o)
{
	const char *key;
	size_t n;
	bool escaped;
	scan_enter_object(d->s);
	while (scan_key_escaped(d->s, &key, &n, &escaped)) {
		if (escaped) {
			key = keep(d, key, n, true);
			n = key ? strlen(key) : 0;
		}
		struct run r = n ? below(run, key, n) : (struct run){0};
		if (r.from == r.to ? !scan_skip(d->s) : !read_value(d, &r, o))
			return false;
	}
	return !scan_failed(d->s);
}

/* Rows that end here come first, then those that go on below. */
static bool read_value(struct decoding *d, const struct run *run, char *o)
{
	struct scan start = *d->s;
	const struct decode_row *row = run->from;
	bool read = false;
	for (; row < run->to && !row->path[run->at]; row++) {
		if (row->type == DECODE_T_KEY || (row->unless && row->unless(o)))
			continue;
		*d->s = start;
		if (!readers[row->type](d, row, o))
			return false;
		read = true;
	}
	if (row < run->to) {
		*d->s = start;
		read = scan_peek(d->s) == SCAN_OBJECT;
		const struct run rest = {row, run->to, run->at ? run->at + 1 : 0, run->literal};
		if (read && !read_members(d, &rest, o))
			return false;
	}
	return read || scan_skip(d->s);
}

/* Zeroed memory gets the initial values of the struct and of those inside of it. */
static void set_initial(const struct decode_spec *spec, char *o)
{
	if (spec->initial)
		memcpy(o, spec->initial, spec->size);
	for (size_t i = 0; i < spec->n; i++) {
		const struct decode_row *row = &spec->rows[i];
		if (decode_in_place(row->type))
			set_initial(row->sub, o + row->offset);
	}
}

static void finish(const struct decode_spec *spec, char *o)
{
	for (size_t i = 0; i < spec->n; i++) {
		const struct decode_row *row = &spec->rows[i];
		if (decode_in_place(row->type))
			finish(row->sub, o + row->offset);
	}
	if (spec->finish)
		spec->finish(o);
}

static bool read_item(struct decoding *d, const struct decode_spec *spec, char *o)
{
	const struct run run = {spec->rows, spec->rows + spec->n, 0, spec->literal};
	set_initial(spec, o);
	if (!read_value(d, &run, o))
		return false;
	finish(spec, o);
	return true;
}

bool decode_value(const struct decode_spec *spec, struct scan *s, struct arena *a, void *o)
{
	struct decoding d = {s, a, 0};
	memset(o, 0, spec->size);
	return read_item(&d, spec, o);
}

int decode_into(const struct decode_spec *spec, const char *p, size_t n, struct arena *a, void *o,
		struct err *err)
{
	struct scan s;
	struct decoding d = {&s, a, 0};
	scan_init(&s, p, n);
	memset(o, 0, spec->size);
	if (scan_peek(&s) != SCAN_OBJECT)
		scan_fail(&s, "no object");
	else if (read_item(&d, spec, o) && scan_finish(&s))
		return 0;
	return scan_err(&s, err);
}

void *decode_new(const struct decode_spec *spec, const char *p, size_t n, struct err *err)
{
	_Alignas(max_align_t) char room[DECODE_SCRATCH];
	autoarena struct arena a = ARENA_INIT;
	arena_borrow(&a, room, sizeof(room));
	void *o = arena_alloc(&a, spec->size);
	if (decode_into(spec, p, n, &a, o, err) < 0)
		return NULL;
	void *copy = decode_copy(spec, o);
	if (!copy)
		err_set(err, REASON_BAD_REQUEST, "the object is too large when decoded");
	return copy;
}
