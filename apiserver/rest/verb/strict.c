/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only a document with complaints of both sorts is read again, to see where they are: a walk that keeps the path of
 * the present key in one buffer, its hash beside each open container, and looks every key up among the few paths that
 * matter. So it costs what the document is long, however deep it is.
 */
#include "rest/verb/strict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "object/scan.h"

#define HEAD "unknown field \""
#define HEAD_LEN (sizeof(HEAD) - 1)
#define SLOTS 512 /* more than twice as many as there are complaints */
#define HASH_START 1469598103934665603u

static void take(struct strict_errors *ret, char *text)
{
	if (ret->n < ARRAY_LEN(ret->v))
		ret->v[ret->n++] = text;
	else
		free(text);
}

static void take_duplicate(struct strict_errors *ret, const char *path)
{
	take(ret, mem_printf("duplicate field \"%s\"", path));
}

void strict_join(const struct js_duplicates *dup, const struct strict_errors *unknown,
		 struct strict_errors *ret)
{
	for (size_t i = 0; i < dup->n; i++)
		take_duplicate(ret, dup->path[i]);
	for (size_t i = 0; i < unknown->n; i++)
		take(ret, mem_strdup(unknown->v[i]));
}

void strict_append(struct strict_errors *ret, const char *head, struct strict_errors *from)
{
	for (size_t i = 0; i < from->n; i++)
		take(ret, mem_printf("%s%s", head, from->v[i]));
	schema_strict_errors_release(from);
}

/* ---- other orders ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_part(const void *a, const void *b)
{
	static const char head[] = HEAD "metadata.";
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	bool x_meta = !strncmp(x, head, sizeof(head) - 1), y_meta = !strncmp(y, head, sizeof(head) - 1);

	return x_meta != y_meta ? (int)y_meta - (int)x_meta : strcmp(x, y);
}

/* What ends a key is less than what goes on in it. */
static int weight(char c)
{
	return c == '.' || c == '[' || c == '"' ? 0 : (unsigned char)c;
}

static int by_key(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	while (*x && *x == *y)
		x++, y++;
	if (x > *(char *const *)a && strspn(x, "0123456789") != strspn(y, "0123456789") &&
	    strchr("[0123456789", x[-1]))
		return strspn(x, "0123456789") < strspn(y, "0123456789") ? -1 : 1; /* an index */
	return weight(*x) - weight(*y);
}

void strict_sort(struct strict_errors *unknown, enum strict_order order)
{
	static int (*const orders[])(const void *a, const void *b) = {
		[STRICT_BY_KEY] = by_key, [STRICT_BY_TEXT] = by_text, [STRICT_BY_PART] = by_part};

	size_t n = unknown->n - unknown->n_inner;
	if (n > 1)
		qsort(unknown->v, n, sizeof(*unknown->v), orders[order]);
	if (unknown->n_inner > 1)
		qsort(unknown->v + n, unknown->n_inner, sizeof(*unknown->v), orders[order]);
}

/* ---- the paths that matter ---- */

struct slot {
	const char *path; /* NULL: free */
	size_t n;
	uint64_t hash;
	bool unknown; /* or repeated */
	unsigned met;
};

struct walk {
	struct scan s;
	struct slot slots[SLOTS];
	struct buf path;
	struct frame {
		size_t path_len; /* of the container */
		uint64_t hash;
		size_t items;
		bool is_object;
	} * frames;
	size_t depth, cap;
	uint64_t hash; /* of path */
	struct strict_errors *ret;
};

static uint64_t hash_of(uint64_t h, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	return h;
}

static struct slot *find(struct walk *w, const char *path, size_t n, uint64_t hash)
{
	struct slot *s;

	for (size_t i = hash % SLOTS;; i = (i + 1) % SLOTS) {
		s = &w->slots[i];
		if (!s->path || (s->hash == hash && s->n == n && !memcmp(s->path, path, n)))
			return s;
	}
}

static void note(struct walk *w, const char *path, size_t n, bool unknown)
{
	uint64_t hash = hash_of(HASH_START, path, n);
	struct slot *s = find(w, path, n, hash);

	if (!s->path) /* an unknown one is told as that, however often it is there */
		*s = (struct slot){.path = path, .n = n, .hash = hash, .unknown = unknown};
}

static void note_all(struct walk *w, const struct js_duplicates *dup, const struct strict_errors *unknown)
{
	for (size_t i = 0; i < unknown->n; i++) {
		assert(!strncmp(unknown->v[i], HEAD, HEAD_LEN));
		note(w, unknown->v[i] + HEAD_LEN, strlen(unknown->v[i]) - HEAD_LEN - 1, true);
	}
	for (size_t i = 0; i < dup->n; i++)
		note(w, dup->path[i], strlen(dup->path[i]), false);
}

/* ---- the walk ---- */

static void append(struct walk *w, const char *p, size_t n)
{
	buf_add(&w->path, p, n);
	w->hash = hash_of(w->hash, p, n);
}

/* The path becomes that of the next member of f. */
static bool step(struct walk *w, struct frame *f)
{
	const char *key = NULL;
	size_t n = 0;
	bool escaped = false;

	if (f->is_object ? !scan_key_escaped(&w->s, &key, &n, &escaped) : !scan_item(&w->s))
		return false;
	buf_truncate(&w->path, f->path_len);
	w->hash = f->hash;
	autobuf struct buf text = BUF_INIT;
	if (!f->is_object) {
		buf_addf(&text, "[%zu]", f->items++);
	} else {
		buf_adds(&text, w->path.len ? "." : "");
		scan_unescape(&text, key, n);
	}
	append(w, buf_str(&text), text.len);
	return true;
}

/* Whether what the path leads to is looked into. */
static bool judge(struct walk *w)
{
	struct slot *s = find(w, buf_str(&w->path), w->path.len, w->hash);

	if (!s->path)
		return true;
	if (s->met++ == !s->unknown) {
		autofree char *path = mem_strndup(s->path, s->n);
		if (s->unknown)
			take(w->ret, mem_printf(HEAD "%s\"", path));
		else
			take_duplicate(w->ret, path);
	}
	return !s->unknown;
}

static void enter(struct walk *w, bool is_object)
{
	if (!(is_object ? scan_enter_object(&w->s) : scan_enter_array(&w->s)))
		return;
	if (w->depth == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 16;
		w->frames = mem_realloc_array(w->frames, w->cap, sizeof(*w->frames));
	}
	w->frames[w->depth++] =
		(struct frame){.path_len = w->path.len, .hash = w->hash, .is_object = is_object};
}

static void take_value(struct walk *w, bool look)
{
	enum scan_type type = scan_peek(&w->s);

	if (look && (type == SCAN_OBJECT || type == SCAN_ARRAY))
		enter(w, type == SCAN_OBJECT);
	else
		scan_skip(&w->s);
}

void strict_merge(const char *json, size_t n, const struct js_duplicates *dup,
		  const struct strict_errors *unknown, struct strict_errors *ret)
{
	if (!dup->n || !unknown->n) {
		strict_join(dup, unknown, ret);
		return;
	}
	autofree struct walk *w = MEM_NEW(struct walk);
	w->hash = HASH_START;
	w->ret = ret;
	note_all(w, dup, unknown);
	scan_init(&w->s, json, n);
	take_value(w, true);
	while (w->depth && !scan_failed(&w->s)) {
		struct frame *f = &w->frames[w->depth - 1];
		bool is_object = f->is_object;
		if (!step(w, f))
			w->depth--;
		else
			take_value(w, !is_object || judge(w));
	}
	free(w->frames);
	buf_release(&w->path);
}
