/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meta.k8s.io Tables. The server renders what kubectl shows, so wording and placeholders are those of
 * upstream's printers (kubernetes/kubernetes pkg/printers/internalversion).
 */
#include "rest/table/table.h"

#include <stdlib.h>
#include <string.h>
#include "object/rfc3339.h"
#include "object/scan.h"
#include "rest/table/cells.h"

/* Kinds whose file names no columns. */
static const struct column default_columns[] = {
	{"Name", "string", "name", "Name of the object, unique among its kind in a namespace", 0,
	 ".metadata.name"},
	{"Created At", "date", "", "When the object was created", 0, ".metadata.creationTimestamp"},
};

static const struct column *columns_of(const struct kind *k, size_t *n)
{
	*n = k->n_columns ? k->n_columns : sizeof(default_columns) / sizeof(*default_columns);
	return k->n_columns ? k->columns : default_columns;
}

/* What stands for an absent value; other paths print as empty. */
static const char *absent(const char *path)
{
	static const char *const rows[][2] = {
		{".metadata.creationTimestamp", "0001-01-01T00:00:00Z"},
		{".spec.nodeName", CELL_NONE},
		{".status.nodeInfo.osImage", CELL_UNKNOWN},
		{".status.nodeInfo.kernelVersion", CELL_UNKNOWN},
		{".status.nodeInfo.containerRuntimeVersion", CELL_UNKNOWN},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(path, rows[i][0]))
			return rows[i][1];
	return "";
}

void table_list_meta(struct buf *out, const struct list_meta *m)
{
	const char *sep = "";
	buf_adds(out, "\"metadata\":{");
	if (m->rv) {
		buf_addf(out, "\"resourceVersion\":\"%llu\"", (unsigned long long)m->rv);
		sep = ",";
	}
	if (m->next) {
		buf_addf(out, "%s\"continue\":\"%s\"", sep, m->next);
		sep = ",";
	}
	if (m->remaining >= 0)
		buf_addf(out, "%s\"remainingItemCount\":%lld", sep, (long long)m->remaining);
	buf_addc(out, '}');
}

static void member(struct buf *out, const char *lead, const char *value)
{
	buf_adds(out, lead);
	cell_str(out, value ? value : "");
}

void table_open(struct buf *out, const struct kind *k, const struct accept *a, const struct list_meta *m,
		bool columns)
{
	size_t n;
	const struct column *c = columns_of(k, &n);
	buf_addf(out, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%s\",", a->version);
	table_list_meta(out, m);
	buf_adds(out, ",\"columnDefinitions\":");
	if (!columns)
		buf_adds(out, "null");
	for (size_t i = 0; columns && i < n; i++) {
		member(out, i ? ",{\"name\":" : "[{\"name\":", c[i].name);
		member(out, ",\"type\":", c[i].type);
		member(out, ",\"format\":", c[i].format);
		member(out, ",\"description\":", c[i].description);
		buf_addf(out, ",\"priority\":%d}%s", c[i].priority, i + 1 == n ? "]" : "");
	}
	buf_adds(out, ",\"rows\":[");
}

/* The value at a path such as .status.replicas; NULL when a step is missing. */
static const js *at_path(const js *o, const char *path)
{
	char key[128];
	while (o && *path == '.') {
		size_t n = strcspn(++path, ".");
		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = 0;
		o = js_field(o, key);
		path += n;
	}
	return o;
}

struct table_place {
	int64_t number;
	size_t i;
	struct obj *o;
};

static int by_place(const void *a, const void *b)
{
	const struct table_place *x = a, *y = b;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

void table_sort(const struct kind *k, struct obj **v, size_t n)
{
	autofree struct table_place *places = k->table_order ? mem_array(n + 1, sizeof(*places)) : NULL;
	struct err ignore = ERR_INIT;
	for (size_t i = 0; places && i < n; i++) {
		autojson js *o = obj_tree(v[i], &ignore);
		places[i] = (struct table_place){js_int(at_path(o, k->table_order), 0, NULL), i, v[i]};
	}
	if (places)
		qsort(places, n, sizeof(*places), by_place);
	for (size_t i = 0; places && i < n; i++)
		v[i] = places[i].o;
}

/* What an absent field at a path shows as: a whole number as 0 even in a column of type string. NULL: as nothing. */
static const char *zero_of(const struct type *t, const char *path)
{
	char key[128];
	while (t && t->form == TYPE_OBJECT && *path == '.') {
		size_t n = strcspn(++path, ".");
		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = 0;
		const struct field *f = schema_field(t, key);
		t = f ? f->type : NULL;
		path += n;
	}
	if (t && t->form == TYPE_BOOL)
		return "false";
	return t && (t->form == TYPE_INT32 || t->form == TYPE_INT64) ? "0" : NULL;
}

static void path_cell(struct buf *out, const struct kind *k, const struct column *c, const js *o)
{
	const js *v = at_path(o, c->cell);
	const char *zero = zero_of(k->storage_kind ? k->storage_kind->type : k->type, c->cell);
	bool empty = js_is_str(v) && !json_object_get_string_len(v);
	if (v && !(empty && *absent(c->cell)))
		js_write(out, v);
	else if (zero)
		buf_adds(out, zero);
	else
		cell_str(out, absent(c->cell));
}

/* As Go's %v prints it; lists and objects as JSON. */
static void text_cell(struct buf *out, const js *v)
{
	autobuf struct buf text = BUF_INIT;
	if (!v)
		buf_adds(&text, "<no value>");
	else if (js_is_str(v))
		buf_adds(&text, js_str0(v, NULL));
	else
		js_write(&text, v);
	buf_add_json_string(out, text.p, text.len);
}

static void date_cell(struct buf *out, const js *v, int64_t now_ns)
{
	struct err err = ERR_INIT;
	char text[RFC3339_MAX];
	int64_t t;
	if (!js_is_str(v)) {
		buf_adds(out, "null");
	} else if (rfc3339_parse(js_str0(v, NULL), &t, &err) < 0) {
		cell_str(out, "<invalid>");
	} else {
		rfc3339_human(now_ns - t, text);
		cell_str(out, text);
	}
}

/* Of a custom resource: what the path finds, if it suits the column's type
   (kubernetes/apiextensions-apiserver pkg/registry/customresource/tableconvertor). */
static void jsonpath_cell(struct buf *out, const struct jsonpath *path, const char *type, const js *o,
			  int64_t now_ns)
{
	const js *v;
	if (!jsonpath_first(path, o, &v))
		buf_adds(out, "null");
	else if (!strcmp(type, "string"))
		text_cell(out, v);
	else if (!strcmp(type, "date"))
		date_cell(out, v, now_ns);
	else if (!strcmp(type, "integer") && js_is_num(v) && js_num(v) > -9e18 && js_num(v) < 9e18)
		buf_addf(out, "%lld",
			 (long long)(js_is_int(v) ? json_object_get_int64(v) : (int64_t)js_num(v)));
	else if ((!strcmp(type, "number") && js_is_num(v)) || (!strcmp(type, "boolean") && js_is_bool(v)))
		js_write(out, v);
	else
		buf_adds(out, "null");
}

static void write_cells(struct buf *out, const struct kind *k, const js *o, int64_t now_ns)
{
	size_t n;
	const struct column *c = columns_of(k, &n);
	struct cell_pod pod;
	pod.made = false;
	struct cell cell = {o, now_ns, &pod};
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(out, ',');
		cell_fn *fn = c[i].cell[0] == '@' ? cell_find(c[i].cell + 1) : NULL;
		if (fn)
			fn(out, &cell);
		else if (k->paths && k->n_columns && k->paths[i])
			jsonpath_cell(out, k->paths[i], c[i].type, o, now_ns);
		else
			path_cell(out, k, &c[i], o);
	}
}

/* kubectl hides finished Pods by this condition in some modes. */
static void write_conditions(struct buf *out, const js *o)
{
	static const char *const finished[][2] = {{"Succeeded", "The pod has completed successfully."},
						  {"Failed", "The pod failed."}};
	const char *phase = js_str0(o, "status", "phase", NULL);
	if (strcmp(js_str0(o, "kind", NULL), "Pod"))
		return;
	for (size_t i = 0; i < 2; i++)
		if (!strcmp(phase, finished[i][0]))
			buf_addf(
				out,
				",\"conditions\":[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"%s\",\"message\":\"%s\"}]",
				phase, finished[i][1]);
}

void table_row(struct buf *out, const struct kind *k, const struct accept *a, const js *tree, const char *p,
	       size_t n, int64_t now_ns)
{
	buf_adds(out, "{\"cells\":[");
	write_cells(out, k, tree, now_ns);
	buf_addc(out, ']');
	write_conditions(out, tree);
	buf_adds(out, ",\"object\":");
	if (a->include == INCLUDE_OBJECT)
		buf_add(out, p, n);
	else if (a->include == INCLUDE_METADATA)
		table_partial(out, a, p, n);
	else
		buf_adds(out, "null"); /* a struct in Go, which omitempty does not omit */
	buf_addc(out, '}');
}

void table_partial(struct buf *out, const struct accept *a, const char *p, size_t n)
{
	struct scan s;
	const char *key;
	size_t len;
	buf_addf(out, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":",
		 a->version);
	scan_init(&s, p, n);
	bool found = false;
	if (scan_enter_object(&s)) {
		while (!found && scan_key(&s, &key, &len)) {
			scan_peek(&s);
			const char *from = s.p;
			if (!scan_skip(&s))
				break;
			found = scan_key_is(key, len, "metadata");
			if (found)
				buf_add(out, from, (size_t)(s.p - from));
		}
	}
	buf_adds(out, found ? "}" : "{}}");
}
