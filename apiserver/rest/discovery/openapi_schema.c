/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions (components.schemas): what the types of the kind files say, in upstream's names and with its extensions
 * (kubernetes/kube-openapi pkg/generators, pkg/builder3/util for allOf around references). The second version knows no
 * defaults: upstream prunes them, because old clients would send them.
 */
#include "rest/discovery/openapi_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

/* ---- names ---- */

static const struct {
	const char *package, *name;
} packages[] = {
	{"meta/v1", "io.k8s.apimachinery.pkg.apis.meta.v1"},
	{"version", "io.k8s.apimachinery.pkg.version"},
	{"apiextensions/v1", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"},
	{"metrics/v1beta1", "io.k8s.metrics.pkg.apis.metrics.v1beta1"},
	{"apiregistration/v1", "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1"},
};

/* Scalars that are a definition of their own. */
static const struct special {
	const char *name, *description, *v2, *v3; /* members of the definition */
	enum type_form form;
} specials[] = {
	{"io.k8s.apimachinery.pkg.apis.meta.v1.Time", "A moment in RFC 3339, to the second.",
	 "\"type\":\"string\",\"format\":\"date-time\"", NULL, TYPE_TIME},
	{"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "A moment in RFC 3339, to the microsecond.",
	 "\"type\":\"string\",\"format\":\"date-time\"", NULL, TYPE_MICRO_TIME},
	{"io.k8s.apimachinery.pkg.apis.meta.v1.Duration", "A length of time, as \"1m30s\".",
	 "\"type\":\"string\"", NULL, TYPE_DURATION},
	{"io.k8s.apimachinery.pkg.api.resource.Quantity",
	 "A number with a unit: a decimal one (n u m k M G T P E), a binary one (Ki Mi Gi Ti Pi Ei) or an exponent. \"0.5\" and "
	 "\"500m\" are the same; \"1Ki\" is 1024.",
	 "\"type\":\"string\"", "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]", TYPE_QUANTITY},
	{"io.k8s.apimachinery.pkg.util.intstr.IntOrString",
	 "A whole number, or a text such as a name or a percentage.",
	 "\"type\":\"string\",\"format\":\"int-or-string\"",
	 "\"format\":\"int-or-string\",\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]",
	 TYPE_INT_OR_STRING},
	{"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
	 "A set of fields as a tree: `f:NAME` is a field, `k:{…}` an item of a list by its keys, `v:VALUE` one by its value, `.` the "
	 "thing itself.",
	 "\"type\":\"object\"", NULL, TYPE_FIELDS_V1},
	{"io.k8s.apimachinery.pkg.runtime.RawExtension", "An object of any kind, kept as it came.",
	 "\"type\":\"object\"", NULL, TYPE_RAW},
};

static const struct special *special_of(const struct type *t)
{
	if (t->form == TYPE_RAW && t->package)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(specials); i++)
		if (specials[i].form == t->form)
			return &specials[i];
	return NULL;
}

static const struct kind *kind_of(const struct openapi_writer *w, const struct type *t)
{
	const struct kind *const *all = w->kinds;
	for (size_t i = 0; i < w->n_kinds; i++)
		if (all[i]->type == t)
			return all[i];
	return NULL;
}

/* com.example.stable.v1.CronTab of stable.example.com */
static void name_custom(struct buf *b, const struct kind *k)
{
	for (const char *end = k->group + strlen(k->group); end > k->group;) {
		const char *p = end;
		while (p > k->group && p[-1] != '.')
			p--;
		buf_add(b, p, (size_t)(end - p));
		buf_addc(b, '.');
		end = p > k->group ? p - 1 : p;
	}
	buf_addf(b, "%s.%s", k->version, k->kind);
}

static void name_package(struct buf *b, const char *package)
{
	for (size_t i = 0; i < ARRAY_LEN(packages); i++)
		if (!strcmp(packages[i].package, package)) {
			buf_adds(b, packages[i].name);
			return;
		}
	buf_adds(b, "io.k8s.api.");
	for (const char *p = package; *p; p++)
		buf_addc(b, *p == '/' ? '.' : *p);
}

static void name_type(const struct openapi_writer *w, struct buf *b, const struct type *t)
{
	const struct special *s = special_of(t);
	const struct kind *k = t->structural ? kind_of(w, t) : NULL;
	if (s) {
		buf_adds(b, s->name);
	} else if (k) {
		name_custom(b, k);
	} else {
		const char *dot = strrchr(t->go, '.');
		name_package(b, t->package ? t->package : "meta/v1");
		buf_addf(b, ".%s", dot ? dot + 1 : t->go);
	}
}

static void name_list(const struct openapi_writer *w, struct buf *b, const struct kind *k)
{
	if (k->type->structural) {
		name_custom(b, k);
	} else {
		name_package(b, k->type->package);
		buf_addf(b, ".%s", k->kind);
	}
	buf_adds(b, "List");
}

/* Whether a value of that type is a reference to a definition. */
static bool is_definition(const struct type *t)
{
	if (t->structural)
		return false;
	bool message = t->form == TYPE_OBJECT || t->form == TYPE_EITHER;
	return (message && t->name) || (t->form == TYPE_RAW && t->package) || special_of(t);
}

/* ---- references ---- */

static void want(struct openapi_writer *w, const char *name, const struct type *t, const struct kind *list)
{
	if (map_get(&w->wanted, name))
		return;
	struct openapi_wanted *x = MEM_NEW(struct openapi_wanted);
	*x = (struct openapi_wanted){.name = mem_strdup(name), .type = t, .list = list};
	if (!(w->n & (w->n - 1))) /* the room doubles */
		w->v = mem_realloc_array(w->v, w->n ? w->n * 2 : 1, sizeof(struct openapi_wanted *));
	w->v[w->n++] = x;
	map_set(&w->wanted, name, x);
}

void openapi_writer_release(struct openapi_writer *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free((char *)(uintptr_t)w->v[i]->name);
		free(w->v[i]);
	}
	free(w->v);
	map_release(&w->wanted);
}

static void add_ref(struct openapi_writer *w, const char *key, const struct type *t, const struct kind *list)
{
	autobuf struct buf b = BUF_INIT;
	const char *prefix = w->v3 ? "#/components/schemas/" : "#/definitions/";
	buf_adds(&b, prefix);
	if (list)
		name_list(w, &b, list);
	else
		name_type(w, &b, t);
	want(w, buf_str(&b) + strlen(prefix), t, list);
	if (key)
		emit_open(&w->e, key, '{');
	emit_string(&w->e, "$ref", buf_str(&b));
	if (key)
		emit_close(&w->e, '}');
}

void openapi_schema_refer(struct openapi_writer *w, const char *key, const struct type *t)
{
	add_ref(w, key, t, NULL);
}

void openapi_schema_refer_list(struct openapi_writer *w, const char *key, const struct kind *k)
{
	add_ref(w, key, NULL, k);
}

/* A reference that has siblings: the third version wants it wrapped. */
static void add_ref_beside(struct openapi_writer *w, const struct type *t)
{
	if (!w->v3) {
		add_ref(w, NULL, t, NULL);
		return;
	}
	emit_open(&w->e, "allOf", '[');
	emit_open(&w->e, NULL, '{');
	add_ref(w, NULL, t, NULL);
	emit_close(&w->e, '}');
	emit_close(&w->e, ']');
}

/* ---- values ---- */

static const char *const scalar_members[] = {
	[TYPE_STRING] = "\"type\":\"string\"",
	[TYPE_INT32] = "\"type\":\"integer\",\"format\":\"int32\"",
	[TYPE_INT64] = "\"type\":\"integer\",\"format\":\"int64\"",
	[TYPE_BOOL] = "\"type\":\"boolean\"",
	[TYPE_DOUBLE] = "\"type\":\"number\",\"format\":\"double\"",
	[TYPE_BYTES] = "\"type\":\"string\",\"format\":\"byte\"",
};
static const char *const zeroes[] = {
	[TYPE_STRING] = "\"\"", [TYPE_INT32] = "0",  [TYPE_INT64] = "0",   [TYPE_BOOL] = "false",
	[TYPE_DOUBLE] = "0",	[TYPE_BYTES] = NULL, [TYPE_OBJECT] = "{}",
};

static const char *zero_of(const struct type *t)
{
	return (size_t)t->form < ARRAY_LEN(zeroes) ? zeroes[t->form] : NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In upstream's order; NULL-terminated and the caller's, NULL: any value will do. */
static const char **enums_of(const struct type *t)
{
	const struct constraint *c = t ? t->check : NULL;
	const char **all = c ? c->known ? c->known : c->enums : NULL;
	size_t n = 0;

	while (all && all[n])
		n++;
	if (!n)
		return NULL;
	const char **ret = mem_array(n + 1, sizeof(*ret));
	memcpy(ret, all, n * sizeof(*ret));
	qsort(ret, n, sizeof(*ret), by_text);
	return ret;
}

static void add_members(struct openapi_writer *w, const char *members)
{
	if (w->e.more)
		buf_addc(w->e.b, ',');
	w->e.more = true;
	buf_adds(w->e.b, members);
}

static void add_enum(struct openapi_writer *w, const struct type *t)
{
	autofree const char **v = enums_of(t);
	if (!v)
		return;
	emit_open(&w->e, "enum", '[');
	for (const char **p = v; *p; p++)
		emit_string(&w->e, NULL, *p);
	emit_close(&w->e, ']');
}

static void add_items(struct openapi_writer *w, const char *key, const struct type *t);

static void add_type(struct openapi_writer *w, const struct type *t, bool alone)
{
	if (is_definition(t)) {
		if (alone)
			add_ref(w, NULL, t, NULL);
		else
			add_ref_beside(w, t);
	} else if (t->form == TYPE_LIST) {
		emit_string(&w->e, "type", "array");
		add_items(w, "items", t->elem);
	} else if (t->form == TYPE_MAP) {
		emit_string(&w->e, "type", "object");
		add_items(w, "additionalProperties", t->elem);
	} else if ((size_t)t->form < ARRAY_LEN(scalar_members)) {
		add_members(w, scalar_members[t->form]);
		add_enum(w, t);
	}
}

static void add_items(struct openapi_writer *w, const char *key, const struct type *t)
{
	const char *zero = w->v3 ? zero_of(t) : NULL;
	emit_open(&w->e, key, '{');
	add_type(w, t, !zero);
	if (zero)
		emit_raw(&w->e, "default", zero);
	emit_close(&w->e, '}');
}

/* ---- fields ---- */

static void add_description(struct openapi_writer *w, const struct doc *doc, const struct type *t)
{
	autofree const char **v = enums_of(t);
	autobuf struct buf b = BUF_INIT;
	buf_add(&b, doc->p, doc->n);
	if (v) {
		buf_adds(&b, b.len ? "\n\nPossible enum values:" : "Possible enum values:");
		for (const char **p = v; *p; p++)
			buf_addf(&b, "\n - `\"%s\"`", *p);
	}
	if (b.len)
		emit_text(&w->e, "description", b.p, b.len);
}

/* What every object has is said once. */
static struct doc doc_of(const struct openapi_writer *w, const struct field *f)
{
	const struct type *every = schema_type(w->schema, "TypeMeta");
	const struct field *same = every && !f->doc.p ? schema_field(every, f->name) : NULL;
	return same ? same->doc : f->doc;
}

/* The value of an absent field: declared, or the zero that Go has there. */
struct absent {
	const js *tree;
	const char *text; /* without one */
};

static bool has_default(const struct openapi_writer *w, const struct field *f, struct absent *ret)
{
	bool zero = !f->pb_optional && (f->listed || f->type->form == TYPE_OBJECT);
	bool declared = f->more->def && !f->more->when_field;
	*ret = (struct absent){.tree = declared ? f->more->def : NULL,
			       .text = zero ? zero_of(f->type) : NULL};
	return w->v3 && (ret->tree || ret->text);
}

static void add_default(struct openapi_writer *w, const struct absent *a)
{
	if (a->tree)
		emit_tree(&w->e, "default", a->tree);
	else
		emit_raw(&w->e, "default", a->text);
}

static void add_list_type(struct openapi_writer *w, const struct field *f)
{
	static const char *const names[] = {[LIST_ATOMIC] = "atomic", [LIST_SET] = "set", [LIST_MAP] = "map"};
	emit_string(&w->e, "x-kubernetes-list-type", names[f->list]);
	if (f->list != LIST_MAP)
		return;
	emit_open(&w->e, "x-kubernetes-list-map-keys", '[');
	for (const char **key = f->more->keys; *key; key++)
		emit_string(&w->e, NULL, *key);
	emit_close(&w->e, ']');
}

static const char *patch_strategy(const struct field *f)
{
	if (f->retain_keys)
		return f->patch_merge ? "merge,retainKeys" : "retainKeys";
	return f->patch_merge ? "merge" : f->patch_replace ? "replace" : NULL;
}

static void add_extensions(struct openapi_writer *w, const struct field *f)
{
	const char *strategy = patch_strategy(f);
	if (f->type->form == TYPE_LIST)
		add_list_type(w, f);
	if (f->atomic)
		emit_string(&w->e, "x-kubernetes-map-type", "atomic");
	if (f->more->merge_key)
		emit_string(&w->e, "x-kubernetes-patch-merge-key", f->more->merge_key);
	if (strategy)
		emit_string(&w->e, "x-kubernetes-patch-strategy", strategy);
}

static void add_field(struct openapi_writer *w, const struct field *f)
{
	struct doc doc = doc_of(w, f);
	struct absent absent;
	bool with_default = has_default(w, f, &absent);
	bool alone = !doc.n && !with_default && !f->atomic && !patch_strategy(f);
	emit_open(&w->e, f->name, '{');
	add_description(w, &doc, f->type->elem ? NULL : f->type);
	add_type(w, f->type, alone);
	if (with_default)
		add_default(w, &absent);
	add_extensions(w, f);
	emit_close(&w->e, '}');
}

static void add_required(struct openapi_writer *w, const struct type *t)
{
	bool any = false;
	for (unsigned i = 0; i < t->n_fields; i++) {
		if (!t->fields[i].listed)
			continue;
		if (!any)
			emit_open(&w->e, "required", '[');
		any = true;
		emit_string(&w->e, NULL, t->fields[i].name);
	}
	if (any)
		emit_close(&w->e, ']');
}

/* ---- group, version, kind ---- */

struct gvk {
	const char *group, *version, *kind;
};

static void add_gvk(struct openapi_writer *w, bool *any, struct gvk x)
{
	if (!*any)
		emit_open(&w->e, "x-kubernetes-group-version-kind", '[');
	*any = true;
	emit_open(&w->e, NULL, '{');
	emit_string(&w->e, "group", x.group);
	emit_string(&w->e, "version", x.version);
	emit_string(&w->e, "kind", x.kind);
	emit_close(&w->e, '}');
}

const struct type *openapi_schema_body(const struct openapi_writer *w, const struct kind *k,
				       const struct subresource *sub)
{
	const char *group = sub->group ? sub->group : k->group,
		   *version = sub->version ? sub->version : k->version;
	const char *name = sub->kind ? sub->kind : k->kind;
	if (sub->connect || !strcmp(sub->name, "log"))
		return NULL;
	if (!strcmp(name, k->kind) && !strcmp(group, k->group))
		return k->type;
	const struct kind *body = schema_kind(w->schema, group, version, name);
	return body ? body->type : schema_type(w->schema, name);
}

/* Bodies of subresources that are no resource; the same one is found at several kinds. */
static bool add_body_gvk(struct openapi_writer *w, const struct type *t, bool *any)
{
	const struct kind *const *all = w->kinds;
	for (size_t i = 0; i < w->n_kinds; i++)
		for (size_t s = 0; s < all[i]->n_subresources; s++) {
			const struct subresource *sub = &all[i]->subresources[s];
			if (!sub->group || openapi_schema_body(w, all[i], sub) != t)
				continue;
			add_gvk(w, any, (struct gvk){sub->group, sub->version, sub->kind});
			if (sub->also)
				add_gvk(w, any, (struct gvk){sub->group, sub->also, sub->kind});
			return true;
		}
	return false;
}

/* What is sent to, or comes from, every group-version: it is a kind in all of them. */
static void add_every_gvk(struct openapi_writer *w, const char *kind, bool *any)
{
	const struct kind *const *all = w->kinds;
	automap struct map seen = MAP_INIT;
	for (size_t i = 0; i < w->n_kinds; i++) {
		autofree char *gv = mem_printf("%s/%s", all[i]->group, all[i]->version);
		if (!map_set(&seen, gv, w))
			add_gvk(w, any, (struct gvk){all[i]->group, all[i]->version, kind});
	}
}

static const char *const everywhere[] = {"DeleteOptions", "WatchEvent"};

static bool is_everywhere(const struct type *t)
{
	for (size_t i = 0; t->name && i < ARRAY_LEN(everywhere); i++)
		if (!strcmp(everywhere[i], t->name))
			return true;
	return false;
}

static void add_gvks(struct openapi_writer *w, const struct type *t)
{
	static const char *const plain[] = {"Status", "APIVersions", "APIGroup", "APIGroupList",
					    "APIResourceList"};
	const struct kind *const *all = w->kinds;
	bool any = false;
	for (size_t i = 0; i < w->n_kinds; i++)
		if (all[i]->type == t)
			add_gvk(w, &any, (struct gvk){all[i]->group, all[i]->version, all[i]->kind});
	if (!any)
		add_body_gvk(w, t, &any);
	if (is_everywhere(t))
		add_every_gvk(w, t->name, &any);
	for (size_t i = 0; t->name && i < ARRAY_LEN(plain); i++)
		if (!strcmp(plain[i], t->name))
			add_gvk(w, &any, (struct gvk){"", "v1", t->name});
	if (any)
		emit_close(&w->e, ']');
}

/* ---- definitions ---- */

/* Upstream's discriminators: what `type` says, and the member that belongs to it. */
static const struct {
	const char *type, *discriminator, *fields;
} unions[] = {
	{"SeccompProfile", "type", "{\"localhostProfile\":\"LocalhostProfile\"}"},
	{"AppArmorProfile", "type", "{\"localhostProfile\":\"LocalhostProfile\"}"},
	{"LimitResponse", "type", "{\"queuing\":\"Queuing\"}"},
	{"PriorityLevelConfigurationSpec", "type", "{\"exempt\":\"Exempt\",\"limited\":\"Limited\"}"},
};

static void add_unions(struct openapi_writer *w, const struct type *t)
{
	for (size_t i = 0; i < ARRAY_LEN(unions); i++) {
		if (!t->name || strcmp(unions[i].type, t->name))
			continue;
		emit_open(&w->e, "x-kubernetes-unions", '[');
		emit_open(&w->e, NULL, '{');
		emit_string(&w->e, "discriminator", unions[i].discriminator);
		emit_raw(&w->e, "fields-to-discriminateBy", unions[i].fields);
		emit_close(&w->e, '}');
		emit_close(&w->e, ']');
	}
}

static void write_object(struct openapi_writer *w, const struct type *t)
{
	emit_string(&w->e, "type", "object");
	if (t->n_fields)
		emit_open(&w->e, "properties", '{');
	for (unsigned i = 0; i < t->n_fields; i++)
		add_field(w, &t->fields[i]);
	if (t->n_fields)
		emit_close(&w->e, '}');
	add_required(w, t);
	if (t->atomic)
		emit_string(&w->e, "x-kubernetes-map-type", "atomic");
	if (t->preserve_unknown)
		emit_bool(&w->e, "x-kubernetes-preserve-unknown-fields", true);
	add_unions(w, t);
}

void openapi_schema_envelope(struct openapi_writer *w)
{
	const struct type *every = schema_type(w->schema, "TypeMeta");
	for (unsigned i = 0; i < every->n_fields; i++)
		add_field(w, &every->fields[i]);
}

static void write_custom(struct openapi_writer *w, const struct kind *k)
{
	autojson js *crd = w->crd ? w->crd(w->arg, k) : NULL;
	openapi_custom_write(w, k, crd);
	add_gvks(w, k->type);
}

static void write_type(struct openapi_writer *w, const struct openapi_wanted *x)
{
	const struct type *t = x->type;
	const struct special *s = special_of(t);
	emit_open(&w->e, x->name, '{');
	if (s) {
		emit_string(&w->e, "description", s->description);
		add_members(w, w->v3 && s->v3 ? s->v3 : s->v2);
	} else if (t->structural) {
		write_custom(w, kind_of(w, t));
	} else {
		add_description(w, &t->doc, NULL);
		if (t->form == TYPE_OBJECT)
			write_object(w, t);
		add_gvks(w, t);
	}
	emit_close(&w->e, '}');
}

static void write_list(struct openapi_writer *w, const struct openapi_wanted *x)
{
	const struct kind *k = x->list;
	const struct type *every = schema_type(w->schema, "TypeMeta"),
			  *meta = schema_type(w->schema, "ListMeta");
	bool any = false;
	autofree char *about = mem_printf("A list of objects of kind %s.", k->kind);
	autofree char *kind = mem_printf("%sList", k->kind);
	emit_open(&w->e, x->name, '{');
	emit_string(&w->e, "description", about);
	emit_string(&w->e, "type", "object");
	emit_open(&w->e, "properties", '{');
	for (unsigned i = 0; i < every->n_fields; i++)
		if (strcmp(every->fields[i].name, "metadata"))
			add_field(w, &every->fields[i]);
	add_field(w,
		  &(struct field){
			  .name = "metadata", .type = meta, .more = &schema_nothing_more, .doc = meta->doc});
	emit_open(&w->e, "items", '{');
	emit_string(&w->e, "description", "The objects.");
	emit_string(&w->e, "type", "array");
	emit_open(&w->e, "items", '{');
	if (w->v3)
		add_ref_beside(w, k->type);
	else
		add_ref(w, NULL, k->type, NULL);
	if (w->v3)
		emit_raw(&w->e, "default", "{}");
	emit_close(&w->e, '}');
	emit_close(&w->e, '}');
	emit_close(&w->e, '}');
	emit_raw(&w->e, "required", "[\"items\"]");
	add_gvk(w, &any, (struct gvk){k->group, k->version, kind});
	emit_close(&w->e, ']');
	emit_close(&w->e, '}');
}

/* What the built-in part leaves to the shared one it goes through all the same, for what that refers to. */
static void write_wanted(struct openapi_writer *w, const struct openapi_wanted *x)
{
	size_t before = w->e.b->len;
	bool more = w->e.more;
	const struct type *t = x->list ? x->list->type : x->type;
	if (w->part == OPENAPI_KIND && !t->structural)
		return;
	if (x->list)
		write_list(w, x);
	else
		write_type(w, x);
	if (w->part != OPENAPI_BUILT || x->list || !is_everywhere(t))
		return;
	buf_truncate(w->e.b, before);
	w->e.more = more;
}

void openapi_schema_write(struct openapi_writer *w)
{
	for (size_t i = 0; i < w->n; i++) /* it grows meanwhile */
		write_wanted(w, w->v[i]);
}

void openapi_schema_write_everywhere(struct openapi_writer *w)
{
	for (size_t i = 0; i < ARRAY_LEN(everywhere); i++) {
		autobuf struct buf b = BUF_INIT;
		struct openapi_wanted x = {.type = schema_type(w->schema, everywhere[i])};
		name_type(w, &b, x.type);
		x.name = buf_str(&b);
		write_type(w, &x);
	}
}
