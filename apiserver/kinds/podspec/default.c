/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaults of a Pod spec that depend on other fields (kubernetes/kubernetes pkg/apis/core/v1/defaults.go), and the
 * quality of service that follows from its resources (pkg/apis/core/v1/helper/qos).
 */
#include "kinds/podspec/podspec_internal.h"

#include "base/gate.h"
#include "object/core/image_ref.h"
#include "object/core/qos.h"
#include "object/quantity.h"

/* Always for ":latest" and for no tag at all; a digest alone is no tag, and what is no name has none. */
static const char *pull_policy(const char *image)
{
	struct image_ref ref;
	struct err ignore = ERR_INIT;

	if (image_ref_parse(image, &ref, &ignore) < 0)
		return "IfNotPresent";
	return strcmp(ref.tag, "latest") ? "IfNotPresent" : "Always";
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

static void default_pull(js *o, const char *policy, const char *image)
{
	if (!*js_str0(o, policy, NULL))
		js_set_str(o, policy, pull_policy(js_str0(o, image, NULL)));
}

static void default_container(js *c, bool requests, bool ports)
{
	default_pull(c, "imagePullPolicy", "image");
	if (requests)
		requests_from_limits(c);
	if (ports)
		host_ports(c);
}

/* The deprecated twin of serviceAccountName. */
static void mirror_account(js *spec)
{
	const char *account = js_str0(spec, "serviceAccountName", NULL),
		   *twin = js_str0(spec, "serviceAccount", NULL);

	if (*account)
		js_set_str(spec, "serviceAccount", account);
	else if (*twin)
		js_set_str(spec, "serviceAccountName", twin);
}

/* ---- what upstream has behind gates that have no meaning here (pkg/api/pod DropDisabledPodFields) ---- */

static void drop_of_container(js *c)
{
	js_array_for_each (v, js_arr(c, "env", NULL))
		if (js_obj(v, "valueFrom", NULL))
			js_del(js_obj(v, "valueFrom", NULL), "fileKeyRef");
}

static void drop_of_volume(js *v)
{
	js_array_for_each (s, js_arr(v, "projected", "sources", NULL)) {
		js_del(s, "clusterTrustBundle");
		js_del(s, "podCertificate");
	}
}

static void drop_unknown(js *spec)
{
	js_del(spec, "hostnameOverride");
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			drop_of_container(c);
	js_array_for_each (v, js_arr(spec, "volumes", NULL))
		drop_of_volume(v);
}

void podspec_default(js *spec, bool is_pod)
{
	bool host_network = js_bool(spec, false, "hostNetwork", NULL);

	for (size_t l = 0; l < PODSPEC_LISTS; l++) {
		bool full = is_pod && l < 2; /* not of ephemeral ones */
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			default_container(c, full, full && host_network);
	}
	js_array_for_each (v, gate_enabled(GATE_ImageVolume) ? js_arr(spec, "volumes", NULL) : NULL)
		if (js_obj(v, "image", NULL))
			default_pull(js_obj(v, "image", NULL), "pullPolicy", "reference");
	if (is_pod)
		podspec_default_level(spec);
	mirror_account(spec);
	drop_unknown(spec);
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

const char *podspec_qos(const js *spec)
{
	const js *own = js_obj(spec, "resources", NULL);
	struct qos q = {0};

	if (own) {
		qos_add_js(&q, own);
	} else {
		for (size_t l = 0; l < 2; l++)
			js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
				qos_add_js(&q, js_obj(c, "resources", NULL));
	}
	return qos_class_name(qos_class(&q));
}
