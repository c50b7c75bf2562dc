/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object is one allocation:
 *
 *	struct obj | labels | fields[] | owner_uids[] | texts … NUL | bytes … NUL
 *
 * The index is built by one pass of the pull scanner, which also proves that the bytes are well-formed, so
 * readers may send them without asking again. While scanning, texts go into a scratch buffer and are known by
 * their offsets, because the buffer moves; assembly turns the offsets into pointers.
 *
 * All pointers of the index lead into the block itself or to static text of the kind, so publishing (the same
 * object with another revision) is two copies and a relocation, not a second scan.
 */
#include "storage/obj.h"

#include <assert.h>
#include <stdlib.h>
#include "base/clock.h"
#include "object/rfc3339.h"
#include "object/scan.h"

#define RV_OPEN "\"resourceVersion\":\""
#define RV_CLOSE "\","
#define MANAGED_OPEN ",\"managedFields\":" /* metadata has a name before it */
#define RV_TEXT_MAX (sizeof(RV_OPEN) + 20 + sizeof(RV_CLOSE))
/* Selectable paths are followed with one bit each. No kind has a tenth of this. */
#define FIELDS_MAX 64
#define ABSENT SIZE_MAX

struct text_pair { /* offsets into build.text */
	size_t key, value;
};

struct build {
	const struct kind *kind;
	struct scan s;
	struct buf text, name;
	size_t ns, uid; /* offsets, or ABSENT */
	size_t field[FIELDS_MAX];
	struct text_pair *labels;
	size_t n_labels, cap_labels;
	size_t *owners;
	size_t n_owners, cap_owners;
	int64_t created_s;
	bool deleting, has_rv, has_metadata;
	size_t rv_pos;			 /* where resourceVersion goes */
	size_t metadata_end;		 /* its brace */
	size_t managed_from, managed_to; /* the member with its comma; 0: there is none */
	size_t list_from;		 /* its value */
};

static void build_release(struct build *b)
{
	buf_release(&b->text);
	buf_release(&b->name);
	free(b->labels);
	free(b->owners);
}

/* ---- scanning ---- */

/* Keeps the string value at the cursor; ABSENT (and the value consumed) when it is none. */
static size_t read_text(struct build *b)
{
	const char *p;
	size_t n;
	bool escaped;
	if (scan_peek(&b->s) != SCAN_STRING) {
		scan_skip(&b->s);
		return ABSENT;
	}
	if (!scan_string(&b->s, &p, &n, &escaped))
		return ABSENT;
	size_t at = b->text.len;
	if (escaped)
		scan_unescape(&b->text, p, n);
	else
		buf_add(&b->text, p, n);
	buf_addc(&b->text, '\0');
	return at;
}

static void read_labels(struct build *b)
{
	const char *key;
	size_t n;
	if (scan_peek(&b->s) != SCAN_OBJECT) {
		scan_skip(&b->s);
		return;
	}
	if (!scan_enter_object(&b->s))
		return;
	while (scan_key(&b->s, &key, &n)) {
		size_t at = b->text.len;
		scan_unescape(&b->text, key, n);
		buf_addc(&b->text, '\0');
		size_t value = read_text(b);
		if (value == ABSENT)
			continue;
		if (b->n_labels == b->cap_labels) {
			b->cap_labels = b->cap_labels ? b->cap_labels * 2 : 8;
			b->labels = mem_realloc_array(b->labels, b->cap_labels, sizeof(*b->labels));
		}
		b->labels[b->n_labels++] = (struct text_pair){at, value};
	}
}

static void read_owner(struct build *b)
{
	const char *key;
	size_t n, uid = ABSENT;
	if (scan_peek(&b->s) != SCAN_OBJECT) {
		scan_skip(&b->s);
		return;
	}
	if (!scan_enter_object(&b->s))
		return;
	while (scan_key(&b->s, &key, &n)) {
		if (scan_key_is(key, n, "uid"))
			uid = read_text(b);
		else
			scan_skip(&b->s);
	}
	if (uid == ABSENT)
		return;
	if (b->n_owners == b->cap_owners) {
		b->cap_owners = b->cap_owners ? b->cap_owners * 2 : 4;
		b->owners = mem_realloc_array(b->owners, b->cap_owners, sizeof(*b->owners));
	}
	b->owners[b->n_owners++] = uid;
}

static void read_owners(struct build *b)
{
	if (scan_peek(&b->s) != SCAN_ARRAY) {
		scan_skip(&b->s);
		return;
	}
	if (!scan_enter_array(&b->s))
		return;
	while (scan_item(&b->s))
		read_owner(b);
}

static void read_created(struct build *b)
{
	size_t at = read_text(b);
	struct err ignored = ERR_INIT;
	int64_t ns;
	if (at == ABSENT)
		return;
	if (rfc3339_parse(b->text.p + at, &ns, &ignored) == 0)
		b->created_s = ns / NS_PER_S;
	buf_truncate(&b->text, at);
}

/* The splice point is behind the member `uid` and its comma, so that the spliced member carries its own comma
   behind itself; when uid is the last member, or there is none, it is before that member or the first one. */
static void note_splice(struct build *b, const char *member)
{
	const char *p = b->s.p;
	while (p < b->s.end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	if (p < b->s.end && *p == ',')
		b->rv_pos = (size_t)(p + 1 - b->s.start);
	else
		b->rv_pos = (size_t)(member - b->s.start);
}

/* The name is part of the key, so it is kept apart from the other texts. */
static void read_name(struct build *b)
{
	size_t at = read_text(b);
	buf_clear(&b->name);
	if (at == ABSENT)
		return;
	buf_adds(&b->name, b->text.p + at);
	buf_truncate(&b->text, at);
}

/* The member that begins behind `before`, with the one comma that goes with it. */
static void note_managed(struct build *b, const char *before, bool first)
{
	const char *list = b->s.p;
	if (!scan_skip(&b->s))
		return;
	const char *to = b->s.p;
	b->list_from = (size_t)(list - b->s.start);
	b->managed_from = (size_t)(before - b->s.start);
	b->managed_to = (size_t)(to - b->s.start);
	if (first && to < b->s.end && *to == ',')
		b->managed_to++;
}

static void read_metadata(struct build *b)
{
	const char *key;
	size_t n;
	b->has_metadata = true;
	if (scan_peek(&b->s) != SCAN_OBJECT) {
		scan_skip(&b->s);
		return;
	}
	if (!scan_enter_object(&b->s))
		return;
	const char *before = b->s.p;
	for (bool first = true; scan_key(&b->s, &key, &n); first = false, before = b->s.p) {
		const char *member = key - 1;
		if (first)
			b->rv_pos = (size_t)(member - b->s.start);
		if (scan_key_is(key, n, "name")) {
			read_name(b);
		} else if (scan_key_is(key, n, "namespace")) {
			b->ns = read_text(b);
		} else if (scan_key_is(key, n, "uid")) {
			b->uid = read_text(b);
			if (!scan_failed(&b->s))
				note_splice(b, member);
		} else if (scan_key_is(key, n, "labels")) {
			read_labels(b);
		} else if (scan_key_is(key, n, "ownerReferences")) {
			read_owners(b);
		} else if (scan_key_is(key, n, "creationTimestamp")) {
			read_created(b);
		} else if (scan_key_is(key, n, "deletionTimestamp")) {
			b->deleting = scan_peek(&b->s) == SCAN_STRING;
			scan_skip(&b->s);
		} else if (scan_key_is(key, n, "resourceVersion")) {
			b->has_rv = true;
			scan_skip(&b->s);
		} else if (scan_key_is(key, n, "managedFields") && scan_peek(&b->s) == SCAN_ARRAY) {
			note_managed(b, before, first);
		} else {
			scan_skip(&b->s);
		}
	}
	b->metadata_end = (size_t)(b->s.p - b->s.start) - 1;
}

/* The text of a scalar as field selectors compare it: strings as they are, numbers and booleans as written.
 */
static size_t read_scalar(struct build *b)
{
	const char *p;
	size_t n, at = b->text.len;
	bool v;
	switch (scan_peek(&b->s)) {
	case SCAN_STRING:
		return read_text(b);
	case SCAN_NUMBER:
		if (!scan_number(&b->s, &p, &n))
			return ABSENT;
		buf_add(&b->text, p, n);
		break;
	case SCAN_TRUE:
	case SCAN_FALSE:
		if (!scan_bool(&b->s, &v))
			return ABSENT;
		buf_adds(&b->text, v ? "true" : "false");
		break;
	default:
		scan_skip(&b->s);
		return ABSENT;
	}
	buf_addc(&b->text, '\0');
	return at;
}

static size_t segment_len(const char *path)
{
	return strcspn(path, ".");
}

/* The value at the cursor is what the member `key` of some object holds; `paths[i]` for i in mask begins with
   key. Paths are as deep as the kind file writes them, so the recursion is bounded by data of ours, not by
   the input. */
static void read_fields(struct build *b, uint64_t mask, const char **paths);

static void read_member(struct build *b, const char *key, size_t n, uint64_t mask, const char *const *paths)
{
	const char *deeper[FIELDS_MAX];
	uint64_t below = 0, here = 0;
	for (uint64_t m = mask; m; m &= m - 1) {
		int i = __builtin_ctzll(m);
		size_t seg = segment_len(paths[i]);
		if (seg != n || memcmp(paths[i], key, n) != 0)
			continue;
		if (paths[i][seg] == '.') {
			below |= UINT64_C(1) << i;
			deeper[i] = paths[i] + seg + 1;
		} else {
			here |= UINT64_C(1) << i;
		}
	}
	if (here) {
		size_t at = read_scalar(b);
		for (uint64_t m = here; m; m &= m - 1)
			b->field[__builtin_ctzll(m)] = at;
	} else if (below && scan_peek(&b->s) == SCAN_OBJECT) {
		read_fields(b, below, deeper);
	} else {
		scan_skip(&b->s);
	}
}

static void read_fields(struct build *b, uint64_t mask, const char **paths)
{
	const char *key;
	size_t n;
	if (!scan_enter_object(&b->s))
		return;
	while (scan_key(&b->s, &key, &n))
		read_member(b, key, n, mask, paths);
}

static int read_object(struct build *b, struct err *err)
{
	const char *key, *paths[FIELDS_MAX];
	size_t n, n_fields = b->kind->n_selectable;
	assert(n_fields <= FIELDS_MAX);
	for (size_t i = 0; i < n_fields; i++) {
		const struct selectable *f = &b->kind->selectable[i];
		paths[i] = f->path ? f->path : f->field;
		b->field[i] = ABSENT;
	}
	uint64_t all = n_fields == 64 ? UINT64_MAX : (UINT64_C(1) << n_fields) - 1;
	if (scan_peek(&b->s) == SCAN_OBJECT && scan_enter_object(&b->s)) {
		while (scan_key(&b->s, &key, &n)) {
			if (scan_key_is(key, n, "metadata") && !b->has_metadata)
				read_metadata(b);
			else if (scan_key_is(key, n, "metadata"))
				scan_fail(&b->s, "second metadata");
			else
				read_member(b, key, n, all, paths);
		}
	}
	if (!scan_failed(&b->s) && scan_peek(&b->s) != SCAN_END)
		return err_set(err, REASON_INTERNAL, "stored bytes are not one JSON object");
	if (scan_failed(&b->s))
		return err_set(err, REASON_INTERNAL, "stored bytes: %s at offset %zu", b->s.error,
			       (size_t)(b->s.p - b->s.start));
	if (!b->name.len)
		return err_set(err, REASON_INTERNAL, "object has no metadata.name");
	const char *name = b->name.p, *ns = b->ns == ABSENT ? "" : b->text.p + b->ns;
	if (strchr(name, '/') || strchr(ns, '/'))
		return err_set(err, REASON_INTERNAL, "object's name or namespace cannot be a key");
	if (b->has_rv)
		return err_set(err, REASON_INTERNAL, "object to store carries a resourceVersion");
	return 0;
}

/* ---- assembly ---- */

static int label_cmp(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

/* `"resourceVersion":"N",`; returns its length, 0 for a draft. */
static size_t rv_text(char out[RV_TEXT_MAX], uint64_t rv)
{
	char digits[20], *p = out;
	size_t n = 0;
	if (!rv)
		return 0;
	for (; rv; rv /= 10)
		digits[n++] = (char)('0' + rv % 10);
	p = mempcpy(p, RV_OPEN, sizeof(RV_OPEN) - 1);
	while (n)
		*p++ = digits[--n];
	p = mempcpy(p, RV_CLOSE, sizeof(RV_CLOSE) - 1);
	return (size_t)(p - out);
}

/* The bytes `in`, whose member at `pos` is `old_len` long, with the member for revision rv instead. */
static void set_bytes(struct obj *o, char *at, const char *in, size_t n, size_t pos, size_t old_len,
		      const char *member, size_t member_len)
{
	o->bytes = at;
	o->len = n - old_len + member_len;
	o->rv_pos = pos;
	o->rv_len = member_len;
	at = mempcpy(at, in, pos);
	at = mempcpy(at, member, member_len);
	at = mempcpy(at, in + pos + old_len, n - pos - old_len);
	*at = '\0';
}

static struct obj *assemble(const struct build *b, const char *p, size_t n, struct obj_managed *managed,
			    uint64_t rv, uint64_t create_rv)
{
	const struct kind *k = b->kind;
	char member[RV_TEXT_MAX];
	size_t member_len = rv_text(member, rv);
	size_t labels_size = sizeof(struct labels) + b->n_labels * sizeof(struct label);
	size_t name_len = b->name.len;
	const char *ns = b->ns == ABSENT ? "" : b->text.p + b->ns;
	size_t key_size = (*ns ? strlen(ns) + 1 : 0) + name_len + 1;
	size_t pointers = (k->n_selectable + b->n_owners) * sizeof(char *);
	size_t head = sizeof(struct obj) + labels_size + pointers;
	char *block = mem_alloc(head + key_size + b->text.len + n + member_len + 1);
	struct obj *o = (struct obj *)block;
	char *key = block + head, *text = key + key_size;

	*o = (struct obj){.rv = rv,
			  .create_rv = create_rv,
			  .kind = k,
			  .key = key,
			  .n_owners = b->n_owners,
			  .created_s = b->created_s,
			  .managed = managed ? obj_managed_ref(managed) : NULL,
			  .managed_pos = b->metadata_end + (b->rv_pos <= b->metadata_end ? member_len : 0),
			  .deleting = b->deleting};
	atomic_init(&o->refs, 1);
	memcpy(text, b->text.p, b->text.len);
	o->ns = b->ns == ABSENT ? "" : text + b->ns;
	o->uid = b->uid == ABSENT ? "" : text + b->uid;
	if (*ns) {
		key = stpcpy(key, ns);
		*key++ = '/';
	}
	o->name = key;
	memcpy(key, b->name.p, name_len + 1);

	struct labels *labels = (struct labels *)(o + 1);
	labels->n = b->n_labels;
	for (size_t i = 0; i < b->n_labels; i++)
		labels->v[i] = (struct label){text + b->labels[i].key, text + b->labels[i].value};
	qsort(labels->v, labels->n, sizeof(labels->v[0]), label_cmp);
	o->labels = labels;

	const char **fields = (const char **)((char *)labels + labels_size);
	for (size_t i = 0; i < k->n_selectable; i++)
		fields[i] = b->field[i] != ABSENT   ? text + b->field[i]
			    : k->selectable[i].dflt ? k->selectable[i].dflt
						    : "";
	for (size_t i = 0; i < k->n_selectable; i++) {
		const char *other = *fields[i] ? NULL : k->selectable[i].otherwise;
		for (size_t j = 0; other && j < k->n_selectable; j++)
			if (!strcmp(k->selectable[j].field, other))
				fields[i] = fields[j];
	}
	o->fields = fields;
	const char **owners = fields + k->n_selectable;
	for (size_t i = 0; i < b->n_owners; i++)
		owners[i] = text + b->owners[i];
	o->owner_uids = owners;
	set_bytes(o, text + b->text.len, p, n, b->rv_pos, 0, member, member_len);
	return o;
}

static int check_limits(const struct scan *s, const struct obj_managed *managed, struct err *err)
{
	size_t values = s->values + (managed ? obj_managed_values(managed) : 0);
	int managed_depth = managed ? 2 + obj_managed_depth(managed) : 0;
	int deepest = s->deepest > managed_depth ? s->deepest : managed_depth;
	if (deepest > OBJ_DEPTH_MAX)
		return err_set(
			err, REASON_TOO_LARGE,
			"Request entity too large: the object is nested %d levels deep, at most %d can be stored",
			deepest, OBJ_DEPTH_MAX);
	if (values > OBJ_VALUES_MAX)
		return err_set(err, REASON_TOO_LARGE,
			       "Request entity too large: the object has more than %d values",
			       OBJ_VALUES_MAX);
	return 0;
}

static struct obj *load(const struct kind *kind, const char *p, size_t n, struct obj_managed *managed,
			uint64_t rv, uint64_t create_rv, bool limited, struct err *err);

/* What the scan has found to have a list of its own, once more without it. */
static struct obj *load_apart(const struct build *b, const char *p, size_t n, uint64_t rv, uint64_t create_rv,
			      bool limited, struct err *err)
{
	autobuf struct buf rest = BUF_INIT;
	buf_reserve(&rest, n);
	buf_add(&rest, p, b->managed_from);
	buf_add(&rest, p + b->managed_to, n - b->managed_to);
	size_t list_end = b->managed_to - (p[b->managed_to - 1] == ',');
	autoobjmanaged struct obj_managed *managed =
		obj_managed_new(p + b->list_from, list_end - b->list_from);
	return load(b->kind, rest.p, rest.len, managed, rv, create_rv, limited, err);
}

static struct obj *load(const struct kind *kind, const char *p, size_t n, struct obj_managed *managed,
			uint64_t rv, uint64_t create_rv, bool limited, struct err *err)
{
	__attribute__((cleanup(build_release))) struct build b = {.kind = kind, .ns = ABSENT, .uid = ABSENT};
	if (buf_utf8_valid(p, n) != n) {
		err_set(err, REASON_INTERNAL, "stored bytes are not UTF-8");
		return NULL;
	}
	scan_init(&b.s, p, n);
	buf_reserve(&b.text, 512);
	if (read_object(&b, err) < 0 || (limited && check_limits(&b.s, managed, err) < 0))
		return NULL;
	if (b.managed_to && !managed)
		return load_apart(&b, p, n, rv, create_rv, limited, err);
	return assemble(&b, p, n, managed, rv, create_rv);
}

/* A custom resource may have been written under another definition than the present one: what readers get is in the version
   that is stored now, without fields that its schema does not know, and with its defaults. The store keeps what it has. */
static void bring_up_to_date(const struct kind *k, const char *p, size_t n, struct buf *out)
{
	struct err ignored = ERR_INIT;
	autojson js *was = js_parse(p, n, NULL, &ignored);
	autojson js *is = was ? schema_decode(k->type, was, NULL, &ignored) : NULL;
	autobuf struct buf version = BUF_INIT;
	if (!is) {
		buf_add(out, p, n);
		return;
	}
	buf_addf(&version, "%s/%s", k->group, k->version);
	js_set_str(is, "apiVersion", buf_str(&version));
	schema_write(out, k->type, is);
}

struct obj *obj_load(const struct kind *kind, const char *p, size_t n, uint64_t rv, uint64_t create_rv,
		     struct err *err)
{
	autobuf struct buf now = BUF_INIT;
	if (!kind->type || !kind->type->structural)
		return load(kind, p, n, NULL, rv, create_rv, false, err);
	bring_up_to_date(kind, p, n, &now);
	struct obj *o = load(kind, buf_str(&now), now.len, NULL, rv, create_rv, false, err);
	if (o)
		o->stale = now.len != n || memcmp(now.p, p, n) != 0;
	return o;
}

struct obj *obj_new(const struct kind *kind, const char *p, size_t n, struct err *err)
{
	return load(kind, p, n, NULL, 0, 0, true, err);
}

struct obj *obj_new_managed(const struct kind *kind, const char *p, size_t n, struct obj_managed *managed,
			    struct err *err)
{
	return load(kind, p, n, managed, 0, 0, true, err);
}

/* A pointer of the index, for a copy of the block that lies `delta` further on. */
static const char *moved(const char *p, const struct obj *from, ptrdiff_t delta)
{
	return p >= (const char *)from && p < from->bytes ? p + delta : p;
}

struct obj *obj_publish(const struct obj *draft, uint64_t rv)
{
	char member[RV_TEXT_MAX];
	size_t member_len = rv_text(member, rv);
	size_t head = (size_t)(draft->bytes - (const char *)draft);
	char *block = mem_alloc(head + draft->len - draft->rv_len + member_len + 1);
	struct obj *o = (struct obj *)block;
	ptrdiff_t delta = block - (const char *)draft;

	memcpy(block + sizeof(*o), (const char *)draft + sizeof(*o), head - sizeof(*o));
	*o = (struct obj){.rv = rv,
			  .create_rv = draft->create_rv,
			  .kind = draft->kind,
			  .n_owners = draft->n_owners,
			  .created_s = draft->created_s,
			  .managed = draft->managed ? obj_managed_settle(draft->managed) : NULL,
			  .managed_pos = draft->managed_pos,
			  .deleting = draft->deleting};
	if (o->managed_pos > draft->rv_pos) /* the revision stands before it */
		o->managed_pos += member_len - draft->rv_len;
	atomic_init(&o->refs, 1);
	o->key = moved(draft->key, draft, delta);
	o->name = moved(draft->name, draft, delta);
	o->ns = moved(draft->ns, draft, delta);
	o->uid = moved(draft->uid, draft, delta);
	struct labels *labels = (struct labels *)(o + 1);
	for (size_t i = 0; i < labels->n; i++) {
		labels->v[i].key += delta;
		labels->v[i].value += delta;
	}
	o->labels = labels;
	const char **pointers = (const char **)&labels->v[labels->n];
	for (size_t i = 0; i < o->kind->n_selectable + o->n_owners; i++)
		pointers[i] = moved(pointers[i], draft, delta);
	o->fields = pointers;
	o->owner_uids = pointers + o->kind->n_selectable;

	set_bytes(o, block + head, draft->bytes, draft->len, draft->rv_pos, draft->rv_len, member,
		  member_len);
	return o;
}

/* ---- references ---- */

struct obj *obj_ref(struct obj *o)
{
	atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

void obj_unref(struct obj *o)
{
	if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_release) != 1)
		return;
	/* The load orders every other holder's last use before the free; as a load and not a fence, so that
	   the thread sanitizer can follow it. */
	(void)atomic_load_explicit(&o->refs, memory_order_acquire);
	obj_managed_unref(o->managed);
	free(o);
}

void obj_autounref(struct obj **o)
{
	obj_unref(*o);
}

/* ---- the whole ---- */

size_t obj_len(const struct obj *o)
{
	return o->len + (o->managed ? sizeof(MANAGED_OPEN) - 1 + obj_managed_len(o->managed) : 0);
}

/* Copies what of n bytes, or of the list, lies behind *off, which counts from their beginning; *off goes on to what comes next. */
static size_t read_part(const char *from, const struct obj_managed *m, size_t n, size_t *off, char *p,
			size_t max)
{
	if (*off >= n) {
		*off -= n;
		return 0;
	}
	size_t take = n - *off < max ? n - *off : max;
	if (m)
		take = obj_managed_read(m, *off, p, take);
	else
		memcpy(p, from + *off, take);
	*off = 0;
	return take;
}

size_t obj_read(const struct obj *o, size_t off, char *p, size_t max)
{
	if (!o->managed)
		return read_part(o->bytes, NULL, o->len, &off, p, max);
	size_t n = read_part(o->bytes, NULL, o->managed_pos, &off, p, max);
	n += read_part(MANAGED_OPEN, NULL, sizeof(MANAGED_OPEN) - 1, &off, p + n, max - n);
	n += read_part(NULL, o->managed, obj_managed_len(o->managed), &off, p + n, max - n);
	n += read_part(o->bytes + o->managed_pos, NULL, o->len - o->managed_pos, &off, p + n, max - n);
	return n;
}

void obj_write(const struct obj *o, struct buf *out)
{
	size_t n = obj_len(o);
	buf_reserve(out, n);
	out->len += obj_read(o, 0, out->p + out->len, n);
	out->p[out->len] = '\0';
}

static js *parse(const struct obj *o, const char *p, size_t n, struct err *err)
{
	js *t = js_parse(p, n, NULL, err);
	if (t)
		return t;
	/* A number out of range, or more values than are read, which the scan does not look at: nothing that went
	   through obj_new. */
	err->reason = REASON_INTERNAL;
	err_wrap(err, "stored object %s/%s does not parse", o->kind->storage, o->key);
	return NULL;
}

js *obj_tree_unmanaged(const struct obj *o, struct err *err)
{
	return parse(o, o->bytes, o->len, err);
}

js *obj_tree(const struct obj *o, struct err *err)
{
	autobuf struct buf whole = BUF_INIT;
	if (!o->managed)
		return obj_tree_unmanaged(o, err);
	obj_write(o, &whole);
	return parse(o, whole.p, whole.len, err);
}
