/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaults of a Pod spec that depend on other fields (kubernetes/kubernetes pkg/apis/core/v1/defaults.go) and
 * the quality of service that follows from its resources (pkg/apis/core/v1/helper/qos). Templates get fewer
 * defaults than Pods: what would be filled in when the Pod is made is left open.
 */
#include "kinds/core/pod_spec.h"

#include "object/core/qos.h"
#include "object/quantity.h"

/* Always for ":latest" and for no tag at all; a digest alone is no tag. */
static const char *pull_policy(const char *image)
{
	size_t n = strcspn(image, "@");
	const char *slash = NULL, *tag = NULL;

	for (size_t i = 0; i < n; i++)
		if (image[i] == '/')
			slash = image + i;
	for (const char *p = slash ? slash : image; p < image + n; p++)
		if (*p == ':')
			tag = p + 1;
	if (!tag)
		return image[n] == '@' ? "IfNotPresent" : "Always";
	size_t len = (size_t)(image + n - tag);
	return len == 6 && !memcmp(tag, "latest", 6) ? "Always" : "IfNotPresent";
}

static void requests_from_limits(js *container)
{
	js *resources = js_obj(container, "resources", NULL);
	js *limits = js_obj(resources, "limits", NULL);

	for (struct js_iter it = js_iter(limits); js_next(&it);) {
		js *requests = js_ensure(resources, "requests", NULL);
		if (!js_field(requests, it.key))
			js_set(requests, it.key, js_dup(it.value));
	}
}

static void host_ports(js *container)
{
	js_array_for_each (p, js_arr(container, "ports", NULL)) {
		if (!js_int(p, 0, "hostPort", NULL) && js_field(p, "containerPort"))
			js_set(p, "hostPort", js_dup(js_field(p, "containerPort")));
	}
}

void pod_spec_default(js *spec, bool is_pod)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
	bool host_network = js_bool(spec, false, "hostNetwork", NULL);

	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		js_array_for_each (c, js_arr(spec, lists[l], NULL)) {
			if (!*js_str0(c, "imagePullPolicy", NULL))
				js_set_str(c, "imagePullPolicy", pull_policy(js_str0(c, "image", NULL)));
			if (!is_pod || l == 2)
				continue;
			requests_from_limits(c);
			if (host_network)
				host_ports(c);
		}
	/* the deprecated twin of serviceAccountName */
	if (!*js_str0(spec, "serviceAccountName", NULL) && *js_str0(spec, "serviceAccount", NULL))
		js_set_str(spec, "serviceAccountName", js_str0(spec, "serviceAccount", NULL));
	else if (*js_str0(spec, "serviceAccountName", NULL))
		js_set_str(spec, "serviceAccount", js_str0(spec, "serviceAccountName", NULL));
}

/* ---- quality of service ---- */

/* As object/core counts: cpu in thousandths; 0 when absent. */
static int64_t amount(const js *list, const char *key)
{
	const char *text = js_str(list, key, NULL);
	struct quantity q;
	struct err ignore = ERR_INIT;

	if (!text || quantity_parse(text, &q, &ignore) < 0)
		return 0;
	return strcmp(key, "cpu") ? quantity_value(&q) : quantity_milli(&q);
}

static void qos_add_js(struct qos *q, const js *resources)
{
	const js *r = js_obj(resources, "requests", NULL), *l = js_obj(resources, "limits", NULL);

	qos_add_amounts(q, amount(r, "cpu"), amount(l, "cpu"), amount(r, "memory"), amount(l, "memory"));
}

const char *pod_qos(const js *spec)
{
	static const char *const lists[] = {"containers", "initContainers"};
	const js *own = js_obj(spec, "resources", NULL);
	struct qos q = {0};

	if (js_len(js_obj(own, "requests", NULL)) || js_len(js_obj(own, "limits", NULL))) {
		qos_add_js(&q, own);
	} else {
		for (size_t l = 0; l < ARRAY_LEN(lists); l++)
			js_array_for_each (c, js_arr(spec, lists[l], NULL))
				qos_add_js(&q, js_obj(c, "resources", NULL));
	}
	return qos_class_name(qos_class(&q));
}
