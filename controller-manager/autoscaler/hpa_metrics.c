/* SPDX-License-Identifier: Apache-2.0 */
/* See hpa_metrics.h. Replies become structs at once, without trees: there is an item per Pod. */
#include "autoscaler/hpa_metrics.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/flags.h"
#include "base/mem.h"

#define CUSTOM_GROUP "custom.metrics.k8s.io"
#define EXTERNAL_GROUP "external.metrics.k8s.io"
#define WINDOW_NS (60 * NS_PER_S) /* of one that does not say */

void hpa_metrics_release(struct hpa_samples *s)
{
	free(s->v);
	free(s->block);
	*s = (struct hpa_samples){0};
}

/* ---- calls ---- */

static const char *api_names[] = {"resource metrics API", "custom metrics API", "external metrics API"};
enum api { RESOURCE_API, CUSTOM_API, EXTERNAL_API };

/* *ret: what `spec` makes of the reply, to be freed. `what`: for whom nobody answers. */
static int ask(struct rest *r, enum api api, const char *path, const char *what,
	       const struct decode_spec *spec, void **ret, struct err *err)
{
	autobuf struct buf reply = BUF_INIT;
	struct err e = ERR_INIT;

	if (rest_do_raw(r, REST_GET, path, NULL, 0, &reply, &e) == 0 &&
	    (*ret = decode_new(spec, reply.p, reply.len, &e)))
		return 0;
	if (e.reason == REASON_NOT_FOUND && !strncmp(e.msg, "the server answered", 19))
		return err_set(err, e.reason,
			       "unable to fetch metrics from %s: the server could not find the requested "
			       "resource (get %s)",
			       api_names[api], what);
	*err = e;
	return err_wrap(err, "unable to fetch metrics from %s", api_names[api]);
}

static int none(enum api api, struct err *err)
{
	return err_set(err, REASON_NOT_FOUND, "no metrics returned from %s", api_names[api]);
}

static int add_selector(struct buf *path, const char *key, const js *metric, struct err *err)
{
	autobuf struct buf text = BUF_INIT;
	const js *selector = js_obj(metric, "selector", NULL);

	if (!selector)
		return 0;
	struct selector *s = selector_from_json(selector, err);

	if (!s)
		return -1;
	selector_write(&text, s);
	selector_free(s);
	if (text.len) {
		buf_addf(path, "%c%s=", strchr(buf_str(path), '?') ? '&' : '?', key);
		http_escape(path, buf_str(&text));
	}
	return 0;
}

/* ---- resources ---- */

struct container_metrics {
	const char *name;
	struct resource_amount *usage;
	size_t n_usage;
};
struct pod_metrics {
	const char *name, *window;
	int64_t at_ns;
	struct container_metrics *containers;
	size_t n_containers;
};
struct pod_metrics_list {
	struct pod_metrics *v;
	size_t n;
};
static const struct decode_row container_rows[] = {
	DECODE_STRING("name", struct container_metrics, name),
	DECODE_MAP("usage", struct container_metrics, usage, n_usage, &resources_amount_spec),
};
static const struct container_metrics container_initial = {.name = ""};
static const struct decode_spec container_spec =
	DECODE_SPEC(struct container_metrics, container_rows, .initial = &container_initial);
static const struct decode_row pod_rows[] = {
	DECODE_STRING("metadata.name", struct pod_metrics, name),
	DECODE_STRING("window", struct pod_metrics, window),
	DECODE_TIME("timestamp", struct pod_metrics, at_ns),
	DECODE_ARRAY("containers", struct pod_metrics, containers, n_containers, &container_spec),
};
static const struct pod_metrics pod_initial = {.name = "", .window = ""};
static const struct decode_spec pod_spec = DECODE_SPEC(struct pod_metrics, pod_rows, .initial = &pod_initial);
static const struct decode_row list_rows[] = {
	DECODE_ARRAY("items", struct pod_metrics_list, v, n, &pod_spec)};
static const struct decode_spec list_spec = DECODE_SPEC(struct pod_metrics_list, list_rows);

static bool sum_containers(const struct pod_metrics *m, const char *resource, const char *container,
			   int64_t *ret)
{
	bool found = false;

	*ret = 0;
	for (size_t i = 0; i < m->n_containers; i++) {
		const struct container_metrics *c = &m->containers[i];

		if (*container && strcmp(container, c->name) != 0)
			continue;
		const struct resource_amount *a = resources_find(c->usage, c->n_usage, resource);

		if (!a)
			return false;
		*ret += a->milli;
		found = true;
	}
	return found;
}

int hpa_metrics_resource(struct hpa_samples *ret, struct rest *r, const char *ns, const char *selector,
			 const char *resource, const char *container, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	struct err ignored = ERR_INIT;

	rest_path(&path, "metrics.k8s.io", "v1beta1", ns, "pods", NULL, NULL);
	buf_adds(&path, "?labelSelector=");
	http_escape(&path, selector);
	if (ask(r, RESOURCE_API, buf_str(&path), "pods.metrics.k8s.io", &list_spec, &ret->block, err) < 0)
		return -1;
	const struct pod_metrics_list *list = ret->block;

	if (!list->n)
		return none(RESOURCE_API, err);
	ret->v = mem_array(list->n, sizeof(*ret->v));
	for (size_t i = 0; i < list->n; i++) {
		const struct pod_metrics *m = &list->v[i];
		struct hpa_sample s = {.pod = m->name, .at_ns = m->at_ns};

		if (!sum_containers(m, resource, container, &s.milli))
			continue;
		if (flags_duration(m->window, &s.window_ns, &ignored) < 0)
			s.window_ns = WINDOW_NS;
		ret->v[ret->n++] = s;
	}
	return 0;
}

/* ---- custom and external ---- */

struct hpa_value {
	const char *object;
	int64_t at_ns, window_s, milli;
};
struct hpa_values {
	struct hpa_value *v;
	size_t n;
};
static const struct decode_row value_rows[] = {
	DECODE_STRING("describedObject.name", struct hpa_value, object),
	DECODE_TIME("timestamp", struct hpa_value, at_ns),
	DECODE_INT64("windowSeconds", struct hpa_value, window_s),
	DECODE_INT64("window", struct hpa_value, window_s), /* its name in v1beta1 */
	DECODE_MILLI("value", struct hpa_value, milli),
};
static const struct hpa_value value_initial = {.object = "", .window_s = WINDOW_NS / NS_PER_S};
static const struct decode_spec value_spec =
	DECODE_SPEC(struct hpa_value, value_rows, .initial = &value_initial);
static const struct decode_row values_rows[] = {DECODE_ARRAY("items", struct hpa_values, v, n, &value_spec)};
static const struct decode_spec values_spec = DECODE_SPEC(struct hpa_values, values_rows);

struct hpa_version {
	const char *name;
};
struct hpa_group {
	struct hpa_version *v;
	size_t n;
};
static const struct decode_row version_rows[] = {DECODE_STRING("version", struct hpa_version, name)};
static const struct hpa_version version_initial = {""};
static const struct decode_spec version_spec =
	DECODE_SPEC(struct hpa_version, version_rows, .initial = &version_initial);
static const struct decode_row group_rows[] = {
	DECODE_ARRAY("versions", struct hpa_group, v, n, &version_spec)};
static const struct decode_spec group_spec = DECODE_SPEC(struct hpa_group, group_rows);

/* The newer of the two that there are; asked each time, for it may come and go. */
static int custom_version(struct rest *r, const char **ret, struct err *err)
{
	autofree void *block = NULL;

	if (ask(r, CUSTOM_API, "/apis/" CUSTOM_GROUP, CUSTOM_GROUP, &group_spec, &block, err) < 0)
		return -1;
	const struct hpa_group *g = block;

	*ret = "v1beta1";
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->v[i].name, "v1beta2"))
			*ret = "v1beta2";
	return 0;
}

int hpa_metrics_pods(struct hpa_samples *ret, struct rest *r, const char *ns, const char *selector,
		     const js *metric, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	const char *version;

	if (custom_version(r, &version, err) < 0)
		return -1;
	buf_addf(&path, "/apis/" CUSTOM_GROUP "/%s/namespaces/%s/pods/*/", version, ns);
	http_escape(&path, js_str0(metric, "name", NULL));
	buf_adds(&path, "?labelSelector=");
	http_escape(&path, selector);
	if (add_selector(&path, "metricLabelSelector", metric, err) < 0 ||
	    ask(r, CUSTOM_API, buf_str(&path), "pods." CUSTOM_GROUP, &values_spec, &ret->block, err) < 0)
		return -1;
	const struct hpa_values *list = ret->block;

	if (!list->n)
		return none(CUSTOM_API, err);
	ret->v = mem_array(list->n, sizeof(*ret->v));
	for (size_t i = 0; i < list->n; i++)
		ret->v[ret->n++] = (struct hpa_sample){.pod = list->v[i].object,
						       .milli = list->v[i].milli,
						       .at_ns = list->v[i].at_ns,
						       .window_ns = list->v[i].window_s * NS_PER_S};
	return 0;
}

/* A Namespace is found by the autoscaler's own, whatever the reference says. */
static int object_path(struct buf *path, struct rest *r, struct restmap *kinds, const char *ns,
		       const js *object, struct err *err)
{
	const char *kind = js_str0(object, "kind", NULL), *version = js_str0(object, "apiVersion", NULL),
		   *slash = strchr(version, '/');
	struct restmap_row row;

	if (!strcmp(kind, "Namespace") && !slash) {
		buf_addf(path, "/namespaces/%s/metrics", ns);
		return 0;
	}
	if (restmap_of_kind(kinds, r, *version ? version : "v1", kind, &row, err) < 0)
		return err_wrap(err, "unable to fetch metrics from %s", api_names[CUSTOM_API]);
	buf_addf(path, "/namespaces/%s/%s", ns, row.resource);
	if (slash)
		buf_addf(path, ".%.*s", (int)(slash - version), version);
	buf_addc(path, '/');
	http_escape(path, js_str0(object, "name", NULL));
	return 0;
}

int hpa_metrics_object(int64_t *ret, struct rest *r, struct restmap *kinds, const char *ns, const js *object,
		       const js *metric, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autofree void *block = NULL;
	const char *version;

	if (custom_version(r, &version, err) < 0)
		return -1;
	buf_addf(&path, "/apis/" CUSTOM_GROUP "/%s", version);
	if (object_path(&path, r, kinds, ns, object, err) < 0)
		return -1;
	buf_addc(&path, '/');
	http_escape(&path, js_str0(metric, "name", NULL));
	if (add_selector(&path, "metricLabelSelector", metric, err) < 0 ||
	    ask(r, CUSTOM_API, buf_str(&path), CUSTOM_GROUP, &values_spec, &block, err) < 0)
		return -1;
	const struct hpa_values *list = block;

	if (list->n != 1)
		return err_set(err, REASON_INTERNAL,
			       "unable to fetch metrics from %s: the custom metrics API server returned %zu "
			       "results when we asked for exactly one",
			       api_names[CUSTOM_API], list->n);
	*ret = list->v[0].milli;
	return 0;
}

int hpa_metrics_external(int64_t *ret, struct rest *r, const char *ns, const js *metric, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autofree void *block = NULL;
	const char *name = js_str0(metric, "name", NULL);
	__int128 sum = 0;

	buf_addf(&path, "/apis/" EXTERNAL_GROUP "/v1beta1/namespaces/%s/", ns);
	http_escape(&path, name);
	autofree char *what = mem_printf("%s." EXTERNAL_GROUP, name);

	if (add_selector(&path, "labelSelector", metric, err) < 0 ||
	    ask(r, EXTERNAL_API, buf_str(&path), what, &values_spec, &block, err) < 0)
		return -1;
	const struct hpa_values *list = block;

	if (!list->n)
		return none(EXTERNAL_API, err);
	for (size_t i = 0; i < list->n; i++)
		sum += list->v[i].milli;
	*ret = sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
	return 0;
}
