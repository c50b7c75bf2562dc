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

const char *patch_json_word(const js *v)
{
	return js_is_obj(v)    ? "object"
	       : js_is_arr(v)  ? "array"
	       : js_is_str(v)  ? "string"
	       : js_is_num(v)  ? "number"
	       : js_is_bool(v) ? "bool"
			       : "null";
}

/* ---- merge patch ---- */
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
			js_set(target, key, js_dup(v));
		}
	}
	return target;
}

js *patch_merge(const js *doc, const js *patch, struct err *err)
{
	if (!js_is_obj(patch)) {
		err_set(err, REASON_BAD_REQUEST,
			"error decoding patch: json: cannot unmarshal %s into Go value of type map[string]interface {}",
			patch_json_word(patch));
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

static int bad_index(struct err *err, const char *word, const char *path, const char *token)
{
	return err_set(
		err, REASON_INVALID,
		"error in %s for path: '%.200s': Unable to access invalid index: %.40s: invalid index referenced",
		word, path, token);
}

static int too_much(struct err *err, const char *what)
{
	return err_set(err, REASON_INVALID, "the patch %s too much", what);
}

struct applier {
	js *doc;
	size_t copied, moved; /* bytes; list items */
	struct err *err;
};

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

/* An index into a list of n: decimal, negative ones count from the end, "-" is the end where that is allowed.
 */
static bool list_index(const char *token, size_t n, bool end_allowed, size_t *ret)
{
	if (end_allowed && strcmp(token, "-") == 0) {
		*ret = n;
		return true;
	}
	char *end;
	errno = 0;
	long i = strtol(token, &end, 10);
	if (errno || end == token || *end || (token[0] != '-' && (token[0] < '0' || token[0] > '9')))
		return false;
	size_t limit = n + (end_allowed ? 1 : 0);
	if (i < 0)
		i += (long)limit;
	if (i < 0 || (size_t)i >= limit)
		return false;
	*ret = (size_t)i;
	return true;
}

static js *child(js *o, const char *token, bool *exists)
{
	size_t i;
	js *v = NULL;
	if (js_is_obj(o))
		*exists = json_object_object_get_ex(o, token, &v);
	else if ((*exists = js_is_arr(o) && list_index(token, js_len(o), false, &i)))
		v = js_at(o, i);
	return v;
}

/* The container of the last step, and that step; NULL when there is no way. The pointer is not "". */
static js *container(struct applier *a, const char *pointer, struct buf *last)
{
	js *o = a->doc;
	if (pointer[0] != '/')
		return NULL;
	next_token(&pointer, last);
	while (*pointer) {
		bool exists = false;
		o = child(o, buf_str(last), &exists);
		if (!exists || !o)
			return NULL;
		next_token(&pointer, last);
	}
	return js_is_obj(o) || js_is_arr(o) ? o : NULL;
}

static js *lookup(struct applier *a, const char *pointer, bool *exists)
{
	autobuf struct buf last = BUF_INIT;
	*exists = true;
	if (!*pointer)
		return a->doc;
	js *in = container(a, pointer, &last);
	*exists = false;
	return in ? child(in, buf_str(&last), exists) : NULL;
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
static int op_add(struct applier *a, const char *path, js *v)
{
	autobuf struct buf last = BUF_INIT;
	autojson js *owned = v;
	js *in = *path ? container(a, path, &last)
		       : NULL; /* all of the document can be replaced, but not added */
	size_t i;
	if (!in)
		return err_set(a->err, REASON_INVALID,
			       "add operation does not apply: doc is missing path: \"%.200s\": " MISSING,
			       path);
	if (js_is_obj(in)) {
		js_set(in, buf_str(&last), STEAL(owned));
		return 0;
	}
	if (!list_index(buf_str(&last), js_len(in), true, &i))
		return bad_index(a->err, "add", path, buf_str(&last));
	if (i == js_len(in)) {
		js_push(in, STEAL(owned));
		return 0;
	}
	if ((a->moved += js_len(in) - i) > MOVED_ITEMS_MAX)
		return too_much(a->err, "moves");
	js *moved = STEAL(owned);
	json_object_get(moved); /* insert() holds it at two places for a moment */
	insert(in, i, moved);
	json_object_put(moved);
	return 0;
}

static int op_remove(struct applier *a, const char *path)
{
	autobuf struct buf last = BUF_INIT;
	js *in = *path ? container(a, path, &last) : NULL;
	bool exists = false;
	size_t i;
	if (!in)
		return err_set(a->err, REASON_INVALID,
			       "remove operation does not apply: doc is missing path: \"%.200s\": " MISSING,
			       path);
	child(in, buf_str(&last), &exists);
	if (!exists && js_is_arr(in))
		return bad_index(a->err, "remove", path, buf_str(&last));
	if (!exists)
		return err_set(
			a->err, REASON_INVALID,
			"error in remove for path: '%.200s': Unable to remove nonexistent key: %.100s: " MISSING,
			path, buf_str(&last));
	if (js_is_obj(in))
		js_del(in, buf_str(&last));
	else if ((a->moved += js_len(in)) > MOVED_ITEMS_MAX)
		return too_much(a->err, "moves");
	else if (list_index(buf_str(&last), js_len(in), false, &i))
		js_del_at(in, i);
	return 0;
}

/* Takes ownership of v. */
static int op_replace(struct applier *a, const char *path, js *v)
{
	autobuf struct buf last = BUF_INIT;
	autojson js *owned = v;
	bool exists = false;
	size_t i;
	if (!*path && !js_is_obj(v) && !js_is_arr(v))
		return 0; /* upstream's library lets that be, without a word */
	if (!*path) {
		json_object_put(a->doc);
		a->doc = STEAL(owned);
		return 0;
	}
	js *in = container(a, path, &last);
	if (!in)
		return missing(a->err, "replace", "path", path);
	child(in, buf_str(&last), &exists);
	if (!exists)
		return missing(a->err, "replace", "key", path);
	if (js_is_obj(in))
		js_set(in, buf_str(&last), STEAL(owned));
	else if (list_index(buf_str(&last), js_len(in), false, &i))
		json_object_array_put_idx(in, i, STEAL(owned));
	return 0;
}

static int op_copy(struct applier *a, const char *from, const char *path)
{
	bool exists;
	js *v = lookup(a, from, &exists);
	if (!exists)
		return missing(a->err, "copy", "from path", from);
	autobuf struct buf size = BUF_INIT;
	js_write(&size, v);
	a->copied += size.len;
	if (a->copied > COPY_BYTES_MAX)
		return too_much(a->err, "copies");
	return op_add(a, path, js_dup(v));
}

static int op_move(struct applier *a, const char *from, const char *path)
{
	bool exists;
	js *v = lookup(a, from, &exists);
	size_t n = strlen(from);
	if (!exists || !*from)
		return missing(a->err, "move", "from path", from);
	if (strncmp(from, path, n) == 0 && path[n] == '/')
		return missing(a->err, "move", "destination path", path); /* it would move into itself */
	v = v ? json_object_get(v) : NULL;
	if (op_remove(a, from) < 0) {
		json_object_put(v);
		return -1;
	}
	return op_add(a, path, v);
}

static int op_test(struct applier *a, const char *path, const js *want)
{
	bool exists;
	js *v = lookup(a, path, &exists);
	if (!js_equal(v, want) || (!exists && want))
		return err_set(a->err, REASON_INVALID, "testing value %.200s failed: test failed", path);
	return 0;
}

static int apply_one(struct applier *a, const js *op)
{
	const char *word = js_str(op, "op", NULL), *path = js_str(op, "path", NULL),
		   *from = js_str(op, "from", NULL);
	js *v = NULL;
	bool has_value = json_object_object_get_ex(op, "value", &v);
	if (!word)
		return err_set(a->err, REASON_INVALID, "Unexpected kind: unknown");
	if (!path)
		return missing(a->err, word, "path", "");
	if (strcmp(word, "add") == 0)
		return op_add(a, path, has_value ? js_dup(v) : NULL);
	if (strcmp(word, "remove") == 0)
		return op_remove(a, path);
	if (strcmp(word, "replace") == 0)
		return op_replace(a, path, has_value ? js_dup(v) : NULL);
	if (strcmp(word, "test") == 0)
		return op_test(a, path, v);
	if (strcmp(word, "copy") == 0 && from)
		return op_copy(a, from, path);
	if (strcmp(word, "move") == 0 && from)
		return op_move(a, from, path);
	if (strcmp(word, "copy") == 0 || strcmp(word, "move") == 0)
		return missing(a->err, word, "from path", "");
	return err_set(a->err, REASON_INVALID, "Unexpected kind: %.40s", word);
}

js *patch_json(const js *doc, const js *ops, struct err *err)
{
	if (!js_is_arr(ops)) {
		err_set(err, REASON_BAD_REQUEST,
			"json: cannot unmarshal %s into Go value of type jsonpatch.Patch",
			patch_json_word(ops));
		return NULL;
	}
	if (js_len(ops) > PATCH_MAX_OPS) {
		err_set(err, REASON_TOO_LARGE,
			"The allowed maximum operations in a JSON patch is %d, got %zu", PATCH_MAX_OPS,
			js_len(ops));
		return NULL;
	}
	js_array_for_each (op, ops) {
		if (js_is_obj(op))
			continue;
		err_set(err, REASON_BAD_REQUEST,
			"json: cannot unmarshal %s into Go value of type jsonpatch.Operation",
			patch_json_word(op));
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
