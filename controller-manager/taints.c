/* SPDX-License-Identifier: Apache-2.0 */
/* Node taints; see taints.h. Rules: kubernetes/kubernetes pkg/controller/nodelifecycle and
 * pkg/controller/tainteviction. */
#include "taints.h"

#include <string.h>
#include "base/clock.h"
#include "object/rfc3339.h"

struct rule {
	const char *key, *effect;
	bool on;
};

static bool same(const struct taint *t, const struct rule *r)
{
	return strcmp(t->key, r->key) == 0 && strcmp(t->effect, r->effect) == 0;
}

static js *taint_json(const char *key, const char *value, const char *effect, int64_t added)
{
	js *o = js_new_obj();
	js_set_str(o, "key", key);
	if (value && *value)
		js_set_str(o, "value", value);
	js_set_str(o, "effect", effect);
	if (added) {
		char text[RFC3339_MAX];
		rfc3339_format(added, text);
		js_set_str(o, "timeAdded", text);
	}
	return o;
}

js *taints_wanted(const struct cm_node *node, char ready, int64_t now)
{
	const struct rule rules[] = {
		{"node.kubernetes.io/not-ready", "NoSchedule", ready == 'F'},
		{"node.kubernetes.io/unreachable", "NoSchedule", ready == 'U'},
		{"node.kubernetes.io/memory-pressure", "NoSchedule", node->memory_pressure},
		{"node.kubernetes.io/disk-pressure", "NoSchedule", node->disk_pressure},
		{"node.kubernetes.io/pid-pressure", "NoSchedule", node->pid_pressure},
		{"node.kubernetes.io/network-unavailable", "NoSchedule", node->network_unavailable},
		{"node.kubernetes.io/unschedulable", "NoSchedule", node->unschedulable},
		{"node.kubernetes.io/not-ready", "NoExecute", ready == 'F'},
		{"node.kubernetes.io/unreachable", "NoExecute", ready == 'U'},
	};
	bool have[ARRAY_LEN(rules)] = {false}, changed = false;
	js *list = js_new_arr();
	for (size_t i = 0; i < node->n_taints; i++) {
		const struct taint *t = &node->taints[i];
		size_t r = 0;
		while (r < ARRAY_LEN(rules) && !same(t, &rules[r]))
			r++;
		if (r < ARRAY_LEN(rules) && !rules[r].on) {
			changed = true;
			continue;
		}
		if (r < ARRAY_LEN(rules))
			have[r] = true;
		js_push(list, taint_json(t->key, t->value, t->effect, t->added_ns));
	}
	for (size_t r = 0; r < ARRAY_LEN(rules); r++) {
		if (!rules[r].on || have[r])
			continue;
		js_push(list, taint_json(rules[r].key, "", rules[r].effect, now));
		changed = true;
	}
	if (changed)
		return list;
	json_object_put(list);
	return NULL;
}

static bool tolerates(const struct toleration *t, const struct taint *taint)
{
	if (*t->key && strcmp(t->key, taint->key) != 0)
		return false;
	if (t->exists)
		return true;
	return *t->key && strcmp(t->value, taint->value) == 0;
}

int64_t taints_eviction_ns(const struct cm_pod *pod, const struct cm_node *node, int64_t since_ns,
			   int64_t now)
{
	int64_t when = TAINTS_STAY;
	for (size_t i = 0; i < node->n_taints; i++) {
		const struct taint *t = &node->taints[i];
		if (strcmp(t->effect, "NoExecute") != 0)
			continue;
		/* The shortest toleration counts, as upstream: of all that match any taint. */
		bool tolerated = false;
		for (size_t k = 0; k < pod->n_tolerations; k++) {
			const struct toleration *tol = &pod->tolerations[k];
			if (!tolerates(tol, t))
				continue;
			tolerated = true;
			if (tol->seconds < 0)
				continue;
			int64_t from = t->added_ns ? t->added_ns : since_ns;
			int64_t leave = from + (tol->seconds > 0 ? tol->seconds : 0) * NS_PER_S;
			if (leave < when)
				when = leave;
		}
		if (!tolerated)
			return now;
	}
	return when;
}
