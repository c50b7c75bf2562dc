/* SPDX-License-Identifier: Apache-2.0 */
/* Node taints; see taints.h. Rules: kubernetes/kubernetes pkg/controller/nodelifecycle and
 * pkg/controller/tainteviction. */
#include "taints.h"

#include <string.h>
#include "base/clock.h"
#include "object/rfc3339.h"

struct rule {
	const char *key;
	enum taint_effect effect;
	bool on;
};

static bool same(const struct taint *t, const struct rule *r)
{
	return t->effect == r->effect && strcmp(t->key, r->key) == 0;
}

static js *taint_json(const char *key, const char *value, enum taint_effect effect, int64_t added)
{
	js *o = js_new_obj();
	js_set_str(o, "key", key);
	if (value && *value)
		js_set_str(o, "value", value);
	js_set_str(o, "effect", taint_effect_name(effect));
	if (added) {
		char text[RFC3339_MAX];
		rfc3339_format(added, text);
		js_set_str(o, "timeAdded", text);
	}
	return o;
}

#define NOT_READY "node.kubernetes.io/not-ready"
#define UNREACHABLE "node.kubernetes.io/unreachable"

static bool has_no_execute(const struct cm_node *node)
{
	for (size_t i = 0; i < node->n_taints; i++) {
		const struct taint *t = &node->taints[i];

		if (t->effect == TAINT_NO_EXECUTE &&
		    (!strcmp(t->key, NOT_READY) || !strcmp(t->key, UNREACHABLE)))
			return true;
	}
	return false;
}

bool taints_lacks_no_execute(const struct cm_node *node, enum condition_status ready)
{
	return (ready == CONDITION_FALSE || ready == CONDITION_UNKNOWN) && !has_no_execute(node);
}

js *taints_wanted(const struct cm_node *node, enum condition_status ready, enum taints_pace pace, int64_t now)
{
	bool empty = pace == TAINTS_GO || (pace == TAINTS_HOLD && has_no_execute(node));
	const struct rule rules[] = {
		{NOT_READY, TAINT_NO_SCHEDULE, ready == CONDITION_FALSE},
		{UNREACHABLE, TAINT_NO_SCHEDULE, ready == CONDITION_UNKNOWN},
		{"node.kubernetes.io/memory-pressure", TAINT_NO_SCHEDULE, node->memory_pressure},
		{"node.kubernetes.io/disk-pressure", TAINT_NO_SCHEDULE, node->disk_pressure},
		{"node.kubernetes.io/pid-pressure", TAINT_NO_SCHEDULE, node->pid_pressure},
		{"node.kubernetes.io/network-unavailable", TAINT_NO_SCHEDULE, node->network_unavailable},
		{"node.kubernetes.io/unschedulable", TAINT_NO_SCHEDULE, node->unschedulable},
		{NOT_READY, TAINT_NO_EXECUTE, empty && ready == CONDITION_FALSE},
		{UNREACHABLE, TAINT_NO_EXECUTE, empty && ready == CONDITION_UNKNOWN},
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

int64_t taints_eviction_ns(const struct cm_pod *pod, const struct cm_node *node, int64_t since_ns,
			   int64_t now)
{
	int64_t when = TAINTS_STAY;
	size_t n;
	const struct toleration *tolerations = cm_pod_tolerations(pod, &n);

	for (size_t i = 0; i < node->n_taints; i++) {
		const struct taint *t = &node->taints[i];
		int64_t added = t->added_ns > pod->base.meta.created_ns ? t->added_ns : 0;
		int64_t from = added ? added : since_ns;

		if (t->effect != TAINT_NO_EXECUTE)
			continue;
		if (!taint_tolerated(t, tolerations, n))
			return now;
		/* The shortest toleration counts, as upstream: of all that match any taint. */
		for (size_t k = 0; k < n; k++) {
			int64_t s = tolerations[k].seconds;
			int64_t leave = from + (s > 0 ? s : 0) * NS_PER_S;

			if (s != TOLERATION_FOREVER && leave < when &&
			    toleration_tolerates(&tolerations[k], t))
				when = leave;
		}
	}
	return when;
}
