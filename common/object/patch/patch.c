/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON merge patch (RFC 7386) and JSON patch (RFC 6902). patch_strategic.c has the third form.
 *
 * A document may not become deeper than what can be parsed again, and a JSON patch may not copy more than
 * COPY_BYTES_MAX in sum (copying the root into itself doubles it); that is upstream's JSONPatchMaxCopyBytes.
 * A JSON patch that does not apply fails with REASON_INVALID in the words of the library that upstream uses
 * (evanphx/json-patch), which travel as the cause in the Status.
 */
#include "object/patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "object/patch/patch_internal.h"

#define COPY_BYTES_MAX (3 * 1024 * 1024)
#define MOVED_ITEMS_MAX (20 * 1000 * 1000) /* list items that made room or closed ranks, in sum */

/* ---- what all forms share ---- */
static bool too_deep(const js *o, int room)
{
	if (js_is_arr(o)) {
		js_array_for_each (item, o)
			if (room == 0 || too_deep(item, room - 1))
				return true;
	} else if (js_is_obj(o)) {
		json_object_object_foreach ((js *)o, key, v) {
			(void)key;
			if (room == 0 || too_deep(v, room - 1))
				return true;
		}
	}
	return false;
}

js *patch_result(js *o, struct err *err)
{
	if (!too_deep(o, JS_MAX_DEPTH - 1))
		return o;
	json_object_put(o);
	err_set(err, REASON_BAD_REQUEST, "the patched object exceeds the maximum depth of %d", JS_MAX_DEPTH);
	return NULL;
}

/* ---- merge patch ---- */
/* Upstream's library takes nulls out of objects in lists, too, though RFC 7386 does not. */
static void prune(js *o)
{
	js_array_for_each (item, o)
		prune(item);
	if (!js_is_obj(o))
		return;
	json_object_object_foreach (o, key, v) {
		if (v)
			prune(v);
		else
			js_del(o, key);
	}
}

static js *merge(js *target, const js *patch)
{
	if (!js_is_obj(patch)) {
		json_object_put(target);
		return js_dup(patch);
	}
	if (!js_is_obj(target)) {
		json_object_put(target);
		target = js_new_obj();
	}
	json_object_object_foreach ((js *)patch, key, v) {
		if (!v) {
			js_del(target, key);
		} else if (js_is_obj(v)) {
			js *old = js_field(target, key);
			js_set(target, key, merge(old ? json_object_get(old) : NULL, v));
		} else {
			js *new = js_dup(v);
			if (!js_is_obj(js_field(target, key)))
				prune(new);
			js_set(target, key, new);
		}
	}
	return target;
}

js *patch_merge(const js *doc, const js *patch, struct err *err)
{
	if (js_is_arr(patch)) { /* is what comes out of it */
		js *list = js_dup(patch);
		prune(list);
		return patch_result(list, err);
	}
	if (!js_is_obj(patch)) {
		err_set(err, REASON_BAD_REQUEST,
			"error decoding patch: json: cannot unmarshal %s into Go value of type map[string]interface {}",
			js_word(patch));
		return NULL;
	}
	return patch_result(merge(doc ? js_dup(doc) : NULL, patch), err);
}

js *patch_merge_diff(const js *a, const js *b)
{
	js *out = js_new_obj();
	if (js_is_obj(a)) {
		json_object_object_foreach ((js *)a, key, v) {
			if (v && !js_field(b, key))
				js_set(out, key, NULL);
		}
	}
	if (!js_is_obj(b))
		return out;
	json_object_object_foreach ((js *)b, name, v) {
		js *old = js_field(a, name);
		if (!v || js_equal(old, v))
			continue;
		js_set(out, name, js_is_obj(old) && js_is_obj(v) ? patch_merge_diff(old, v) : js_dup(v));
	}
	return out;
}

/* ---- JSON patch ---- */
#define MISSING "missing value"

/* "WORD operation does not apply: doc is missing WHAT: PATH: missing value" */
static int missing(struct err *err, const char *word, const char *what, const char *path)
{
	return err_set(err, REASON_INVALID,
		       "%s operation does not apply: doc is missing %s: %.200s: " MISSING, word, what, path);
}

struct applier {
	js *doc;
	size_t copied, moved; /* bytes; list items */
	struct err *err;
};

static int too_much(struct applier *a, size_t items)
{
	if ((a->moved += items) <= MOVED_ITEMS_MAX)
		return 0;
	return err_set(a->err, REASON_INVALID, "the patch moves too much");
}

/* One step of a JSON pointer, ~1 and ~0 decoded; the cursor moves behind it. */
static void next_token(const char **p, struct buf *token)
{
	buf_clear(token);
	buf_adds(token, "");
	for ((*p)++; **p && **p != '/'; (*p)++) {
		if ((*p)[0] == '~' && ((*p)[1] == '0' || (*p)[1] == '1')) {
			buf_addc(token, (*p)[1] == '1' ? '/' : '~');
			(*p)++;
		} else {
			buf_addc(token, **p);
		}
	}
}

/* Go's strconv.Atoi. */
static int read_number(struct err *err, const char *token, long *ret)
{
	const char *digits = token + (*token == '-' || *token == '+');
	if (!*digits || digits[strspn(digits, "0123456789")])
		return err_set(err, REASON_INVALID, "strconv.Atoi: parsing \"%.40s\": invalid syntax", token);
	errno = 0;
	*ret = strtol(token, NULL, 10);
	return errno ? err_set(err, REASON_INVALID, "strconv.Atoi: parsing \"%.40s\": value out of range",
			       token)
		     : 0;
}

/* An index below the limit; negative ones count from there. */
static int within(struct err *err, long i, size_t limit, size_t *ret)
{
	if (i >= (long)limit || i < -(long)limit)
		return err_set(err, REASON_INVALID,
			       "Unable to access invalid index: %ld: invalid index referenced", i);
	*ret = (size_t)(i < 0 ? i + (long)limit : i);
	return 0;
}

static int list_index(struct err *err, const char *token, size_t limit, size_t *ret)
{
	long i;
	return read_number(err, token, &i) < 0 ? -1 : within(err, i, limit, ret);
}

/* What stands at `key`; in an object it may also be nothing. */
static int get(js *in, const char *key, js **ret, struct err *err)
{
	size_t i;
	*ret = js_field(in, key);
	if (js_is_obj(in))
		return 0;
	if (list_index(err, key, js_len(in), &i) < 0)
		return -1;
	*ret = js_at(in, i);
	return 0;
}

/* The container of the last step, and that step; NULL when there is no way. What stands before the pointer's first slash
   is not looked at. */
static js *container(struct applier *a, const char *pointer, struct buf *last)
{
	js *o = a->doc;
	struct err ignore = ERR_INIT;
	pointer = strchr(pointer, '/');
	if (!pointer)
		return NULL;
	next_token(&pointer, last);
	while (*pointer) {
		if (get(o, buf_str(last), &o, &ignore) < 0 || (!js_is_obj(o) && !js_is_arr(o)))
			return NULL;
		next_token(&pointer, last);
	}
	return o;
}

static void insert(js *list, size_t at, js *v)
{
	size_t n = js_len(list);
	js_push(list, v);
	for (size_t i = n; i > at; i--)
		json_object_array_put_idx(list, i, json_object_get(js_at(list, i - 1)));
	if (at < n)
		json_object_array_put_idx(list, at, json_object_get(v));
}

/* Takes ownership of v. */
static int put(struct applier *a, js *in, const char *key, js *v)
{
	autojson js *owned = v;
	long number;
	size_t i;
	if (js_is_obj(in)) {
		js_set(in, key, STEAL(owned));
		return 0;
	}
	if (!strcmp(key, "-")) {
		js_push(in, STEAL(owned));
		return 0;
	}
	if (read_number(a->err, key, &number) < 0)
		return err_wrap(a->err, "value was not a proper array index: '%.40s'", key);
	if (within(a->err, number, js_len(in) + 1, &i) < 0)
		return -1;
	if (too_much(a, js_len(in) - i) < 0)
		return -1;
	json_object_get(owned); /* insert() holds it at two places for a moment */
	insert(in, i, owned);
	return 0;
}

static int take_out(struct applier *a, js *in, const char *key)
{
	size_t i;
	if (js_is_obj(in)) {
		if (!json_object_object_get_ex(in, key, NULL))
			return err_set(a->err, REASON_INVALID,
				       "Unable to remove nonexistent key: %.100s: " MISSING, key);
		js_del(in, key);
		return 0;
	}
	if (list_index(a->err, key, js_len(in), &i) < 0 || too_much(a, js_len(in)) < 0)
		return -1;
	js_del_at(in, i);
	return 0;
}

/* ---- the operations ---- */
struct patch_op {
	const char *path, *from; /* NULL: none, or no text */
	const js *value;
};

static js *value_of(const struct patch_op *op)
{
	return op->value ? js_dup(op->value) : NULL;
}

static int op_add(struct applier *a, const struct patch_op *op)
{
	autobuf struct buf last = BUF_INIT;
	js *in = container(a, op->path, &last);
	if (!in)
		return err_set(a->err, REASON_INVALID,
			       "add operation does not apply: doc is missing path: \"%.200s\": " MISSING,
			       op->path);
	if (put(a, in, buf_str(&last), value_of(op)) < 0)
		return err_wrap(a->err, "error in add for path: '%.200s'", op->path);
	return 0;
}

static int op_remove(struct applier *a, const struct patch_op *op)
{
	autobuf struct buf last = BUF_INIT;
	js *in = container(a, op->path, &last);
	if (!in)
		return err_set(a->err, REASON_INVALID,
			       "remove operation does not apply: doc is missing path: \"%.200s\": " MISSING,
			       op->path);
	if (take_out(a, in, buf_str(&last)) < 0)
		return err_wrap(a->err, "error in remove for path: '%.200s'", op->path);
	return 0;
}

/* An object takes what it has not had, too. */
static int op_replace(struct applier *a, const struct patch_op *op)
{
	autobuf struct buf last = BUF_INIT;
	struct err ignore = ERR_INIT;
	size_t i;
	if (!*op->path) { /* upstream's library lets a value that is no document be, without a word */
		if (js_is_obj(op->value) || js_is_arr(op->value)) {
			json_object_put(a->doc);
			a->doc = value_of(op);
		}
		return 0;
	}
	js *in = container(a, op->path, &last);
	if (!in)
		return missing(a->err, "replace", "path", op->path);
	if (js_is_obj(in))
		js_set(in, buf_str(&last), value_of(op));
	else if (list_index(&ignore, buf_str(&last), js_len(in), &i) < 0)
		return missing(a->err, "replace", "key", op->path);
	else
		json_object_array_put_idx(in, i, value_of(op));
	return 0;
}

/* What is not there is copied as null. */
static int op_copy(struct applier *a, const struct patch_op *op)
{
	autobuf struct buf last = BUF_INIT, size = BUF_INIT;
	js *in = container(a, op->from, &last), *v;
	if (!in)
		return missing(a->err, "copy", "from path", op->from);
	if (get(in, buf_str(&last), &v, a->err) < 0)
		return err_wrap(a->err, "error in copy for from: '%.200s'", op->from);
	if (!(in = container(a, op->path, &last)))
		return missing(a->err, "copy", "destination path", op->path);
	if (v)
		js_write(&size, v);
	a->copied += size.len;
	if (a->copied > COPY_BYTES_MAX)
		return err_set(
			a->err, REASON_INVALID,
			"Unable to complete the copy, the accumulated size increase of copy is %zu, exceeding the limit %d",
			a->copied, COPY_BYTES_MAX);
	if (put(a, in, buf_str(&last), v ? js_dup(v) : NULL) < 0)
		return err_wrap(a->err, "error while adding value during copy");
	return 0;
}

/* What has been taken out cannot be moved into itself any more. */
static int op_move(struct applier *a, const struct patch_op *op)
{
	autobuf struct buf last = BUF_INIT;
	js *in = container(a, op->from, &last), *v;
	if (!in)
		return missing(a->err, "move", "from path", op->from);
	if (get(in, buf_str(&last), &v, a->err) < 0)
		return err_wrap(a->err, "error in move for path: '%.200s'", buf_str(&last));
	autojson js *moved = json_object_get(v);
	if (take_out(a, in, buf_str(&last)) < 0)
		return err_wrap(a->err, "error in move for path: '%.200s'", buf_str(&last));
	if (!(in = container(a, op->path, &last)))
		return missing(a->err, "move", "destination path", op->path);
	if (put(a, in, buf_str(&last), STEAL(moved)) < 0)
		return err_wrap(a->err, "error in move for path: '%.200s'", op->path);
	return 0;
}

static int op_test(struct applier *a, const struct patch_op *op)
{
	autobuf struct buf last = BUF_INIT;
	js *v = a->doc, *in = *op->path ? container(a, op->path, &last) : NULL;
	if (*op->path && !in)
		return err_set(a->err, REASON_INVALID,
			       "test operation does not apply: is missing path: %.200s: " MISSING, op->path);
	if (in && get(in, buf_str(&last), &v, a->err) < 0)
		return err_wrap(a->err, "error in test for path: '%.200s'", op->path);
	if (!js_equal(v, op->value))
		return err_set(a->err, REASON_INVALID, "testing value %.200s failed: test failed", op->path);
	return 0;
}

static const struct patch_verb {
	const char *word;
	int (*apply)(struct applier *a, const struct patch_op *op);
	bool from, terse; /* it has one; no more is said of a path that is none */
} operations[] = {
	{"add", op_add, false, true},	       {"remove", op_remove, false, true},
	{"replace", op_replace, false, false}, {"test", op_test, false, false},
	{"copy", op_copy, true, true},	       {"move", op_move, true, false},
};

/* A member that must be a text. */
static int read_text(const js *op, const char *key, const struct patch_verb *o, const char **ret,
		     struct err *err)
{
	const js *v = js_field(op, key);
	bool path = !strcmp(key, "path");
	*ret = js_str(v, NULL);
	if (*ret)
		return 0;
	if (path && o->terse)
		err_set(err, REASON_INVALID, MISSING);
	else if (v)
		err_set(err, REASON_INVALID, "json: cannot unmarshal %s into Go value of type string",
			js_word(v));
	else
		err_set(err, REASON_INVALID, "operation%s missing %s field: " MISSING, path ? "" : ",", key);
	return err_wrap(err, "%s operation failed to decode %s", o->word, key);
}

static int apply_one(struct applier *a, const js *json)
{
	const char *word = js_str(json, "op", NULL);
	struct patch_op op = {.value = js_field(json, "value")};
	for (size_t i = 0; word && i < ARRAY_LEN(operations); i++) {
		const struct patch_verb *o = &operations[i];
		if (strcmp(word, o->word))
			continue;
		if ((o->from && read_text(json, "from", o, &op.from, a->err) < 0) ||
		    read_text(json, "path", o, &op.path, a->err) < 0)
			return -1;
		return o->apply(a, &op);
	}
	return err_set(a->err, REASON_INVALID, "Unexpected kind: %.40s", word ? word : "unknown");
}

js *patch_json(const js *doc, const js *ops, struct err *err)
{
	if (!js_is_arr(ops)) {
		err_set(err, REASON_BAD_REQUEST,
			"json: cannot unmarshal %s into Go value of type jsonpatch.Patch", js_word(ops));
		return NULL;
	}
	if (js_len(ops) > PATCH_MAX_OPS) {
		err_set(err, REASON_TOO_LARGE,
			"The allowed maximum operations in a JSON patch is %d, got %zu", PATCH_MAX_OPS,
			js_len(ops));
		return NULL;
	}
	js_array_for_each (op, ops) {
		if (!op || js_is_obj(op))
			continue;
		err_set(err, REASON_BAD_REQUEST,
			"json: cannot unmarshal %s into Go value of type jsonpatch.Operation", js_word(op));
		return NULL;
	}
	struct applier a = {.doc = js_dup(doc), .err = err};
	js_array_for_each (one, ops) {
		if (apply_one(&a, one) == 0)
			continue;
		json_object_put(a.doc);
		return NULL;
	}
	return patch_result(a.doc, err);
}
