/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields behind feature gates (kubernetes/kubernetes pkg/api/pod dropDisabledFields): with the gate off they are dropped from
 * what is written, unless the object had them in use, so that one that was made while it was on can still be written.
 */
#include "kinds/podspec/podspec_internal.h"

#include "base/gate.h"
#include "base/unique.h"

/* ---- ContainerRestartRules ---- */

/* Sidecars have been there for longer. */
static bool is_sidecar(const js *c, size_t list)
{
	return !strcmp(podspec_lists[list], "initContainers") &&
	       !strcmp(js_str0(c, "restartPolicy", NULL), "Always");
}

static bool rules_used(const js *spec)
{
	for (size_t l = 0; l < 2; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			if ((js_field(c, "restartPolicy") && !is_sidecar(c, l)) ||
			    js_len(js_arr(c, "restartPolicyRules", NULL)))
				return true;
	return false;
}

static void rules_drop(js *spec)
{
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL)) {
			if (!is_sidecar(c, l))
				js_del(c, "restartPolicy");
			js_del(c, "restartPolicyRules");
		}
}

/* ---- ContainerStopSignals ---- */

static bool signals_used(const js *spec)
{
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			if (js_field(js_obj(c, "lifecycle", NULL), "stopSignal"))
				return true;
	return false;
}

/* Of containers that say nothing else about their lives nothing is left of it. */
static void signals_drop(js *spec)
{
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL)) {
			js *life = js_obj(c, "lifecycle", NULL);
			if (!js_field(life, "stopSignal"))
				continue;
			js_del(life, "stopSignal");
			if (!js_len(life))
				js_del(c, "lifecycle");
		}
}

/* ---- ImageVolume ---- */

static bool images_used(const js *spec)
{
	js_array_for_each (v, js_arr(spec, "volumes", NULL))
		if (js_obj(v, "image", NULL))
			return true;
	return false;
}

/* Items of o's list whose name is among `names`; the list goes with the last. */
static void drop_named(js *o, const char *list, const struct unique *names)
{
	js *items = js_arr(o, list, NULL);

	for (size_t i = js_len(items); i-- > 0;)
		if (unique_has(names, js_str0(js_at(items, i), "name", NULL)))
			js_del_at(items, i);
	if (items && !js_len(items))
		js_del(o, list);
}

/* Volumes of images go as a whole, and where they would be mounted. */
static void images_drop(js *spec)
{
	autounique struct unique names = {.n = 0};

	js_array_for_each (v, js_arr(spec, "volumes", NULL))
		if (js_obj(v, "image", NULL))
			unique_seen(&names, js_str0(v, "name", NULL));
	if (!names.seen)
		return;
	drop_named(spec, "volumes", &names);
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			drop_named(c, "volumeMounts", &names);
}

/* ---- all of them ---- */

static const struct {
	enum gate gate;
	bool (*used)(const js *spec);
	void (*drop)(js *spec);
} features[] = {
	{GATE_ContainerRestartRules, rules_used, rules_drop},
	{GATE_ContainerStopSignals, signals_used, signals_drop},
	{GATE_ImageVolume, images_used, images_drop},
};

void podspec_drop_disabled(js *spec, const js *old)
{
	for (size_t i = 0; spec && i < ARRAY_LEN(features); i++)
		if (!gate_enabled(features[i].gate) && !features[i].used(old))
			features[i].drop(spec);
}

void podspec_drop_of_template(js *new, const js *old)
{
	podspec_drop_disabled(js_obj(new, "spec", "template", "spec", NULL),
			      js_obj(old, "spec", "template", "spec", NULL));
}

/* ---- what rules mean (pkg/api/v1/pod ContainerShouldRestart) ---- */

static bool rule_matches(const js *rule, int64_t code)
{
	const char *operator= js_str0(rule, "exitCodes", "operator", NULL);
	bool found = false;

	js_array_for_each (v, js_arr(rule, "exitCodes", "values", NULL))
		found |= js_int(v, code + 1, NULL) == code;
	return (found && !strcmp(operator, "In")) || (!found && !strcmp(operator, "NotIn"));
}

bool podspec_restarts(const js *container, const char *pod_policy, int64_t code)
{
	const char *own = js_str(container, "restartPolicy", NULL), *policy = own ? own : pod_policy;

	js_array_for_each (r, own ? js_arr(container, "restartPolicyRules", NULL) : NULL) {
		if (!rule_matches(r, code))
			continue;
		if (!strcmp(js_str0(r, "action", NULL), "Restart"))
			return true;
		break;
	}
	return strcmp(policy, "OnFailure") ? strcmp(policy, "Never") != 0 : code != 0;
}
