/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/env.h"

#include <stdlib.h>

#include "base/base64.h"
#include "object/quantity.h"

/* ---- expansion ---- */

void env_expand(struct buf *out, const char *s, env_lookup *lookup, void *arg)
{
	while (*s) {
		const char *end;
		if (*s != '$' || !s[1]) {
			buf_addc(out, *s++);
		} else if (s[1] == '$') {
			buf_addc(out, '$');
			s += 2;
		} else if (s[1] != '(' || !(end = strchr(s + 2, ')'))) {
			buf_add(out, s, 2);
			s += 2;
		} else {
			autofree char *name = mem_strndup(s + 2, (size_t)(end - s - 2));
			const char *value = lookup(arg, name);
			if (value)
				buf_adds(out, value);
			else
				buf_add(out, s, (size_t)(end + 1 - s));
			s = end + 1;
		}
	}
}

struct builder {
	struct arena *a;
	const struct env_context *ctx;
	struct runtime_kv *kv;
	size_t n, cap;
	struct map index;    /* name -> place in kv, plus one */
	struct map services; /* name -> value */
	size_t bytes;
};

static const char *lookup(void *arg, const char *name)
{
	const struct builder *b = arg;
	size_t at = (size_t)map_get(&b->index, name);
	if (at)
		return b->kv[at - 1].value;
	return map_get(&b->services, name);
}

static int put(struct builder *b, const char *name, const char *value, struct err *err)
{
	size_t at = (size_t)map_get(&b->index, name);
	b->bytes += strlen(name) + strlen(value);
	if (b->bytes > ENV_MAX_BYTES)
		return err_set(err, REASON_TOO_LARGE, "environment of container \"%s\" is over %d bytes",
			       b->ctx->c->name, ENV_MAX_BYTES);
	if (!at) {
		if (b->n == b->cap) {
			b->cap = b->cap ? b->cap * 2 : 16;
			b->kv = mem_realloc_array(b->kv, b->cap, sizeof(*b->kv));
		}
		b->kv[b->n].key = arena_strdup(b->a, name);
		at = ++b->n;
		map_set(&b->index, name, (void *)at);
	}
	b->kv[at - 1].value = arena_strdup(b->a, value);
	return 0;
}

static const char *expand(struct builder *b, const char *s, struct err *err)
{
	autobuf struct buf out = BUF_INIT_MAX(ENV_MAX_BYTES);
	env_expand(&out, s, lookup, b);
	b->bytes += out.len;
	if (buf_overflowed(&out) || b->bytes > ENV_MAX_BYTES) {
		(void)err_set(err, REASON_TOO_LARGE, "expanded text of container \"%s\" is over %d bytes",
			      b->ctx->c->name, ENV_MAX_BYTES);
		return NULL;
	}
	return arena_strndup(b->a, buf_str(&out), out.len);
}

/* ---- fieldRef and resourceFieldRef ---- */

/* metadata.labels['KEY'] -> KEY; false when path has another form. */
static bool subscript(const char *path, const char *prefix, struct buf *key)
{
	size_t n = strlen(prefix), len = strlen(path);
	if (strncmp(path, prefix, n) != 0 || len < n + 4 || strncmp(path + n, "['", 2) != 0 ||
	    strcmp(path + len - 2, "']") != 0)
		return false;
	buf_add(key, path + n + 2, len - n - 4);
	return true;
}

static void add_ips(struct buf *out, const struct env_context *ctx, size_t max)
{
	for (size_t i = 0; i < max && i < RUNTIME_IPS_MAX; i++) {
		if (!ctx->pod_ips[i] || !*ctx->pod_ips[i])
			continue;
		if (i)
			buf_addc(out, ',');
		buf_adds(out, ctx->pod_ips[i]);
	}
}

/* Code points that Go's strconv does not print as they are: spaces, separators, controls, format characters, private use. */
static bool printable(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {
		{0x7f, 0xa0},	  {0xad, 0xad},	      {0x600, 0x605},	   {0x61c, 0x61c},   {0x6dd, 0x6dd},
		{0x70f, 0x70f},	  {0x1680, 0x1680},   {0x180e, 0x180e},	   {0x2000, 0x200f}, {0x2028, 0x202f},
		{0x205f, 0x206f}, {0x3000, 0x3000},   {0xd800, 0xf8ff},	   {0xfeff, 0xfeff}, {0xfff0, 0xfffb},
		{0xfffe, 0xffff}, {0xe0000, 0xe00ff}, {0xf0000, 0x10ffff},
	};
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return false;
	return c >= ' ';
}

/* One character of text that is UTF-8, since it came as JSON; how many bytes it has. */
static size_t decode_utf8(const char *s, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	*ret = n == 1 ? *p : *p & (0x7f >> n);
	for (size_t i = 1; i < n; i++)
		if (!p[i])
			return i;
		else
			*ret = *ret << 6 | (p[i] & 0x3f);
	return n;
}

/* As Go's strconv.Quote. */
static void add_quoted(struct buf *out, const char *s)
{
	static const char plain[] = "\a\b\t\n\v\f\r\"\\", letters[] = "abtnvfr\"\\";
	buf_addc(out, '"');
	for (size_t n; *s; s += n) {
		uint32_t c;
		n = decode_utf8(s, &c);
		const char *at = c < 0x80 ? strchr(plain, (int)c) : NULL;
		if (at)
			buf_addf(out, "\\%c", letters[at - plain]);
		else if (printable(c))
			buf_add(out, s, n);
		else if (c < 0x80)
			buf_addf(out, "\\x%02x", c);
		else
			buf_addf(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
	}
	buf_addc(out, '"');
}

static void add_set(struct buf *out, const struct labels *set)
{
	for (size_t i = 0; set && i < set->n; i++) {
		buf_addf(out, "%s%s=", i ? "\n" : "", set->v[i].key);
		add_quoted(out, set->v[i].value);
	}
}

int env_field(struct buf *out, const struct env_context *ctx, const char *path, struct err *err)
{
	const struct meta *m = &ctx->pod->o.meta;
	const struct {
		const char *path, *value;
	} plain[] = {
		{"metadata.name", m->name},
		{"metadata.namespace", m->namespace},
		{"metadata.uid", m->uid},
		{"spec.nodeName", ctx->node_name},
		{"spec.serviceAccountName", ctx->pod->service_account},
		{"status.hostIP", ctx->host_ip},
		{"status.hostIPs", ctx->host_ip},
	};
	autobuf struct buf key = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (!strcmp(path, plain[i].path)) {
			buf_adds(out, plain[i].value ? plain[i].value : "");
			return 0;
		}
	if (!strcmp(path, "status.podIP") || !strcmp(path, "status.podIPs")) {
		add_ips(out, ctx, path[strlen(path) - 1] == 's' ? RUNTIME_IPS_MAX : 1);
		return 0;
	}
	if (!strcmp(path, "metadata.labels") || !strcmp(path, "metadata.annotations")) {
		add_set(out, path[9] == 'l' ? m->labels : m->annotations);
		return 0;
	}
	const struct labels *set = NULL;
	if (subscript(path, "metadata.labels", &key))
		set = m->labels;
	else if (subscript(path, "metadata.annotations", &key))
		set = m->annotations;
	else
		return err_set(err, REASON_INVALID, "unsupported fieldPath: %s", path);
	const char *value = labels_get(set, buf_str(&key));
	buf_adds(out, value ? value : "");
	return 0;
}

int env_resource(struct buf *out, const struct env_context *ctx, const struct env_var *e, struct err *err)
{
	const struct container_spec *c = ctx->c;
	if (*e->key) {
		int i = pod_container_index(ctx->pod, e->key);
		if (i < 0)
			return err_set(err, REASON_INVALID, "container %s not found", e->key);
		c = &ctx->pod->list.v[i];
	}
	const struct container_resources *r = &c->resources;
	const struct {
		const char *name;
		int64_t value, otherwise;
		bool milli;
	} rows[] = {
		{"limits.cpu", r->cpu_limit, ctx->allocatable_cpu_milli, true},
		{"requests.cpu", r->cpu_request, 0, true},
		{"limits.memory", r->memory_limit, ctx->allocatable_memory, false},
		{"requests.memory", r->memory_request, 0, false},
		{"limits.ephemeral-storage", r->storage_limit, ctx->allocatable_storage, false},
		{"requests.ephemeral-storage", r->storage_request, 0, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, e->ref) != 0)
			continue;
		struct quantity q;
		int64_t divisor = rows[i].milli ? 1000 : 1;
		if (*e->divisor && strcmp(e->divisor, "0") != 0) {
			if (quantity_parse(e->divisor, &q, err) < 0)
				return -1;
			divisor = rows[i].milli ? quantity_milli(&q) : quantity_value(&q);
		}
		int64_t v = rows[i].value > 0 ? rows[i].value : rows[i].otherwise;
		if (divisor <= 0)
			return err_set(err, REASON_INVALID, "invalid divisor %s", e->divisor);
		buf_addi(out, v / divisor + (v % divisor != 0));
		return 0;
	}
	return err_set(err, REASON_INVALID, "unsupported container resource : %s", e->ref);
}

/* ---- ConfigMaps and Secrets ---- */

static int data_value(struct buf *out, const js *object, bool secret, const char *key, bool *found,
		      struct err *err)
{
	const js *v = js_field(js_obj(object, "data", NULL), key);
	const char *s = js_is_str(v) ? js_str(v, NULL) : NULL;
	*found = s != NULL;
	if (!s)
		return 0;
	if (secret)
		return base64_decode(out, s, strlen(s), err);
	buf_adds(out, s);
	return 0;
}

static int from_object(struct buf *out, struct builder *b, const struct env_var *e, bool *found,
		       struct err *err)
{
	bool secret = e->source == ENV_SECRET;
	const js *o = b->ctx->object(b->ctx->arg, secret, e->ref);
	*found = false;
	if (!o && e->optional)
		return 0;
	if (!o)
		return err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found", secret ? "secret" : "configmap",
			       e->ref);
	if (data_value(out, o, secret, e->key, found, err) < 0)
		return -1;
	if (!*found && !e->optional)
		return err_set(err, REASON_NOT_FOUND, "couldn't find key %s in %s %s/%s", e->key,
			       secret ? "Secret" : "ConfigMap", b->ctx->pod->o.meta.namespace, e->ref);
	return 0;
}

static int put_all(struct builder *b, const struct env_from *f, struct err *err)
{
	const js *o = b->ctx->object(b->ctx->arg, f->secret, f->ref);
	if (!o && f->optional)
		return 0;
	if (!o)
		return err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found",
			       f->secret ? "secret" : "configmap", f->ref);
	js *data = js_obj(o, "data", NULL);
	if (!data)
		return 0;
	json_object_object_foreach (data, key, v) {
		autobuf struct buf value = BUF_INIT, name = BUF_INIT;
		bool found;
		(void)v;
		buf_addf(&name, "%s%s", f->prefix, key);
		if (strchr(buf_str(&name), '=') || !name.len)
			continue; /* cannot be a variable's name */
		if (data_value(&value, o, f->secret, key, &found, err) < 0 ||
		    (found && put(b, buf_str(&name), buf_str(&value), err) < 0))
			return -1;
	}
	return 0;
}

static int put_var(struct builder *b, const struct env_var *e, struct err *err)
{
	autobuf struct buf value = BUF_INIT;
	const char *text;
	bool found = true;
	int rc = 0;
	switch (e->source) {
	case ENV_VALUE:
		text = expand(b, e->value, err);
		return text ? put(b, e->name, text, err) : -1;
	case ENV_FIELD:
		rc = env_field(&value, b->ctx, e->ref, err);
		break;
	case ENV_RESOURCE:
		rc = env_resource(&value, b->ctx, e, err);
		break;
	case ENV_CONFIG_MAP:
	case ENV_SECRET:
		rc = from_object(&value, b, e, &found, err);
		break;
	}
	if (rc < 0 || !found)
		return rc;
	return put(b, e->name, buf_str(&value), err);
}

static int expand_list(struct builder *b, const char *const *in, const char *const **ret, struct err *err)
{
	size_t n = 0;
	while (in && in[n])
		n++;
	*ret = NULL;
	if (!n)
		return 0;
	const char **v = arena_array(b->a, n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		if (!(v[i] = expand(b, in[i], err)))
			return -1;
	*ret = v;
	return 0;
}

/* A variable that is not set, or is set to nothing, is missed. */
struct path_lookup {
	struct builder *b;
	struct buf missing;
};

static const char *path_value(void *arg, const char *name)
{
	struct path_lookup *p = arg;
	const char *value = lookup(p->b, name);
	if (value && *value)
		return value;
	buf_addf(&p->missing, "%s%s", p->missing.len ? ", " : "", name);
	return "";
}

static const char *expand_path(struct builder *b, const char *expr, struct err *err)
{
	struct path_lookup p = {.b = b};
	autobuf struct buf out = BUF_INIT_MAX(ENV_MAX_BYTES);
	env_expand(&out, expr, path_value, &p);
	const char *path = NULL;
	if (p.missing.len)
		(void)err_set(err, REASON_INVALID, "missing value for %.300s", buf_str(&p.missing));
	else if (buf_overflowed(&out))
		(void)err_set(err, REASON_TOO_LARGE, "subPathExpr of container \"%s\" is over %d bytes",
			      b->ctx->c->name, ENV_MAX_BYTES);
	else
		path = arena_strndup(b->a, buf_str(&out), out.len);
	buf_release(&p.missing);
	return path;
}

static bool steps_back(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
		if (!strncmp(p, "..", 2) && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

static int check_path(const char *path, struct err *err)
{
	if (*path == '/')
		return err_set(err, REASON_INVALID, "error SubPath `%.300s` must not be an absolute path",
			       path);
	if (steps_back(path))
		return err_set(err, REASON_INVALID,
			       "unable to provision SubPath `%.300s`: must not contain '..'", path);
	return 0;
}

static int expand_sub_paths(struct builder *b, const char *const **ret, struct err *err)
{
	const struct container_spec *c = b->ctx->c;
	const char **v = arena_array(b->a, c->n_mounts + 1, sizeof(*v));
	for (size_t i = 0; i < c->n_mounts; i++) {
		const char *expr = c->mounts[i].sub_path_expr;
		v[i] = *expr ? expand_path(b, expr, err) : arena_strdup(b->a, c->mounts[i].sub_path);
		if (!v[i] || check_path(v[i], err) < 0)
			return -1;
	}
	*ret = v;
	return 0;
}

static int build(struct builder *b, struct container_env *ret, struct err *err)
{
	const struct container_spec *c = b->ctx->c;
	for (size_t i = 0; i < b->ctx->n_services; i++)
		map_set(&b->services, b->ctx->services[i].key, (void *)b->ctx->services[i].value);
	for (size_t i = 0; i < c->n_env_from; i++)
		if (put_all(b, &c->env_from[i], err) < 0)
			return -1;
	for (size_t i = 0; i < c->n_env; i++)
		if (put_var(b, &c->env[i], err) < 0)
			return -1;
	for (size_t i = 0; i < b->ctx->n_services; i++)
		if (!map_has(&b->index, b->ctx->services[i].key) &&
		    put(b, b->ctx->services[i].key, b->ctx->services[i].value, err) < 0)
			return -1;
	if (expand_list(b, c->command, &ret->command, err) < 0 ||
	    expand_list(b, c->args, &ret->args, err) < 0 || expand_sub_paths(b, &ret->sub_paths, err) < 0)
		return -1;
	ret->n = b->n;
	ret->kv = arena_array(b->a, b->n, sizeof(*ret->kv));
	if (b->n)
		memcpy(ret->kv, b->kv, b->n * sizeof(*ret->kv));
	return 0;
}

int env_build(struct arena *a, const struct env_context *ctx, struct container_env *ret, struct err *err)
{
	struct builder b = {.a = a, .ctx = ctx};
	int rc = build(&b, ret, err);
	free(b.kv);
	map_release(&b.index);
	map_release(&b.services);
	return rc;
}
