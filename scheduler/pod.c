/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of Pods; see pod.h. Everything a filter or a score looks at is worked out here, once, and not in
 * the search. */
#include "pod.h"

#include <stdio.h>
#include <string.h>
#include "object/condition.h"
#include "object/quantity.h"

/* Requests that scoring assumes for containers that name none (pkg/scheduler/util/pod_resources.go). */
#define DEFAULT_CPU_MILLI 100
#define DEFAULT_MEMORY (INT64_C(200) * 1024 * 1024)

int64_t resources_scalar(const struct resources *r, const char *name)
{
	for (size_t i = 0; i < r->n_scalars; i++)
		if (strcmp(r->scalars[i].name, name) == 0)
			return r->scalars[i].value;
	return 0;
}

static struct scalar *scalar_ensure(struct resources *r, const char *name)
{
	for (size_t i = 0; i < r->n_scalars; i++)
		if (strcmp(r->scalars[i].name, name) == 0)
			return &r->scalars[i];
	r->scalars = mem_realloc_array(r->scalars, r->n_scalars + 1, sizeof(*r->scalars));
	r->scalars[r->n_scalars] = (struct scalar){.name = mem_strdup(name)};
	return &r->scalars[r->n_scalars++];
}

void resources_add(struct resources *a, const struct resources *b, int factor)
{
	a->cpu_milli += factor * b->cpu_milli;
	a->memory += factor * b->memory;
	a->ephemeral += factor * b->ephemeral;
	for (size_t i = 0; i < b->n_scalars; i++)
		scalar_ensure(a, b->scalars[i].name)->value += factor * b->scalars[i].value;
}

static void resources_max(struct resources *a, const struct resources *b)
{
	if (b->cpu_milli > a->cpu_milli)
		a->cpu_milli = b->cpu_milli;
	if (b->memory > a->memory)
		a->memory = b->memory;
	if (b->ephemeral > a->ephemeral)
		a->ephemeral = b->ephemeral;
	for (size_t i = 0; i < b->n_scalars; i++) {
		struct scalar *s = scalar_ensure(a, b->scalars[i].name);
		if (b->scalars[i].value > s->value)
			s->value = b->scalars[i].value;
	}
}

void resources_release(struct resources *r)
{
	for (size_t i = 0; i < r->n_scalars; i++)
		free(r->scalars[i].name);
	free(r->scalars);
	*r = (struct resources){0};
}

void resources_add_json(struct resources *r, const js *list, int64_t *pods)
{
	if (!js_is_obj(list))
		return;
	json_object_object_foreach ((js *)list, name, v) {
		struct quantity q;
		struct err err = ERR_INIT;
		if (!js_is_str(v) || quantity_parse(json_object_get_string(v), &q, &err) < 0)
			continue; /* the apiserver admits only quantities */
		if (strcmp(name, "cpu") == 0)
			r->cpu_milli += quantity_milli(&q);
		else if (strcmp(name, "memory") == 0)
			r->memory += quantity_value(&q);
		else if (strcmp(name, "ephemeral-storage") == 0)
			r->ephemeral += quantity_value(&q);
		else if (strcmp(name, "pods") == 0) {
			if (pods)
				*pods = quantity_value(&q);
		} else
			scalar_ensure(r, name)->value += quantity_value(&q);
	}
}

/* Requests of one container, and what scoring assumes for it. */
static void container_requests(const js *container, struct resources *req, int64_t *cpu, int64_t *memory)
{
	const js *list = js_obj(container, "resources", "requests", NULL);
	resources_add_json(req, list, NULL);
	*cpu = js_field(list, "cpu") ? req->cpu_milli : DEFAULT_CPU_MILLI;
	*memory = js_field(list, "memory") ? req->memory : DEFAULT_MEMORY;
}

static void decode_requests(struct sched_pod *p, const js *spec)
{
	int64_t cpu, memory;
	js_array_for_each (c, js_field(spec, "containers")) {
		struct resources r = {0};
		container_requests(c, &r, &cpu, &memory);
		resources_add(&p->req, &r, 1);
		p->nonzero_cpu += cpu;
		p->nonzero_memory += memory;
		resources_release(&r);
	}
	/* Init containers run one by one beside the sidecars started before them. */
	struct resources sidecars = {0}, peak = {0};
	js_array_for_each (c, js_field(spec, "initContainers")) {
		struct resources r = {0};
		container_requests(c, &r, &cpu, &memory);
		if (strcmp(js_str0(c, "restartPolicy", NULL), "Always") == 0) {
			resources_add(&p->req, &r, 1);
			p->nonzero_cpu += cpu;
			p->nonzero_memory += memory;
			resources_add(&sidecars, &r, 1);
			resources_max(&peak, &sidecars);
		} else {
			resources_add(&r, &sidecars, 1);
			resources_max(&peak, &r);
		}
		resources_release(&r);
	}
	resources_max(&p->req, &peak);
	if (peak.cpu_milli > p->nonzero_cpu)
		p->nonzero_cpu = peak.cpu_milli;
	if (peak.memory > p->nonzero_memory)
		p->nonzero_memory = peak.memory;
	resources_release(&sidecars);
	resources_release(&peak);

	struct resources overhead = {0};
	resources_add_json(&overhead, js_obj(spec, "overhead", NULL), NULL);
	resources_add(&p->req, &overhead, 1);
	p->nonzero_cpu += overhead.cpu_milli;
	p->nonzero_memory += overhead.memory;
	resources_release(&overhead);
}

static void decode_container(struct sched_pod *p, const js *c, bool host_network)
{
	p->n_containers++;
	const char *image = js_str(c, "image", NULL);
	if (image) {
		p->images = mem_realloc_array(p->images, p->n_images + 1, sizeof(*p->images));
		p->images[p->n_images++] = mem_strdup(image);
	}
	js_array_for_each (port, js_field(c, "ports")) {
		int host_port = (int)js_int(port, 0, "hostPort", NULL);
		if (host_port == 0 && host_network)
			host_port = (int)js_int(port, 0, "containerPort", NULL);
		if (host_port <= 0)
			continue;
		p->ports = mem_realloc_array(p->ports, p->n_ports + 1, sizeof(*p->ports));
		struct host_port *hp = &p->ports[p->n_ports++];
		const char *ip = js_str0(port, "hostIP", NULL), *protocol = js_str(port, "protocol", NULL);
		snprintf(hp->ip, sizeof(hp->ip), "%s", *ip ? ip : "0.0.0.0");
		snprintf(hp->protocol, sizeof(hp->protocol), "%s", protocol ? protocol : "TCP");
		hp->port = host_port;
	}
}

static struct requirement *decode_requirements(const js *list, size_t *ret_n)
{
	size_t n = js_len(list);
	struct requirement *v = n ? mem_array(n, sizeof(*v)) : NULL;
	for (size_t i = 0; i < n; i++) {
		const js *e = js_at(list, i);
		const js *values = js_arr(e, "values", NULL);
		size_t nv = js_len(values);
		const char **texts = mem_array(nv ? nv : 1, sizeof(*texts));
		for (size_t k = 0; k < nv; k++) {
			const js *value = js_at(values, k);
			texts[k] = mem_strdup(js_is_str(value) ? json_object_get_string((js *)value) : "");
		}
		v[i] = (struct requirement){
			.key = mem_strdup(js_str0(e, "key", NULL)),
			.op = (enum selector_op)selector_op_parse(js_str0(e, "operator", NULL)),
			.n = nv,
			.values = texts,
		};
	}
	*ret_n = n;
	return v;
}

static void requirements_free(struct requirement *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)v[i].key);
		for (size_t k = 0; k < v[i].n; k++)
			free((char *)v[i].values[k]);
		free((void *)v[i].values);
	}
	free(v);
}

static void decode_term(struct node_term *t, const js *term)
{
	t->labels = decode_requirements(js_arr(term, "matchExpressions", NULL), &t->n_labels);
	t->fields = decode_requirements(js_arr(term, "matchFields", NULL), &t->n_fields);
}

static void decode_affinity(struct sched_pod *p, const js *spec)
{
	const js *map = js_obj(spec, "nodeSelector", NULL);
	size_t n = js_len(map), i = 0;
	p->selector = n ? mem_array(n, sizeof(*p->selector)) : NULL;
	p->n_selector = n;
	if (n) {
		json_object_object_foreach ((js *)map, key, value) {
			const char **values = mem_array(1, sizeof(*values));
			values[0] = mem_strdup(js_is_str(value) ? json_object_get_string(value) : "");
			p->selector[i++] = (struct requirement){
				.key = mem_strdup(key), .op = SELECTOR_IN, .n = 1, .values = values};
		}
	}
	const js *affinity = js_obj(spec, "affinity", "nodeAffinity", NULL);
	const js *required = js_obj(affinity, "requiredDuringSchedulingIgnoredDuringExecution", NULL);
	p->has_required = required != NULL;
	const js *terms = js_arr(required, "nodeSelectorTerms", NULL);
	p->n_required = js_len(terms);
	p->required = p->n_required ? mem_array(p->n_required, sizeof(*p->required)) : NULL;
	for (i = 0; i < p->n_required; i++)
		decode_term(&p->required[i], js_at(terms, i));
	const js *preferred = js_arr(affinity, "preferredDuringSchedulingIgnoredDuringExecution", NULL);
	p->n_preferred = js_len(preferred);
	p->preferred = p->n_preferred ? mem_array(p->n_preferred, sizeof(*p->preferred)) : NULL;
	for (i = 0; i < p->n_preferred; i++) {
		decode_term(&p->preferred[i], js_obj(js_at(preferred, i), "preference", NULL));
		p->preferred[i].weight = (int)js_int(js_at(preferred, i), 0, "weight", NULL);
	}
}

static void decode_tolerations(struct sched_pod *p, const js *list)
{
	p->n_tolerations = js_len(list);
	p->tolerations = p->n_tolerations ? mem_array(p->n_tolerations, sizeof(*p->tolerations)) : NULL;
	for (size_t i = 0; i < p->n_tolerations; i++) {
		const js *t = js_at(list, i);
		p->tolerations[i] = (struct toleration){
			.key = mem_strdup(js_str(t, "key", NULL)),
			.value = mem_strdup(js_str0(t, "value", NULL)),
			.exists = strcmp(js_str0(t, "operator", NULL), "Exists") == 0,
			.effect = mem_strdup(js_str(t, "effect", NULL)),
		};
	}
}

bool toleration_tolerates(const struct toleration *t, const struct taint *taint)
{
	if (t->effect && *t->effect && strcmp(t->effect, taint->effect) != 0)
		return false;
	if (t->key && *t->key && strcmp(t->key, taint->key) != 0)
		return false;
	if (t->exists)
		return true;
	return t->key && *t->key && strcmp(t->value, taint->value) == 0;
}

static bool pod_decode(void *into, const js *o)
{
	struct sched_pod *p = into;
	const js *spec = js_obj(o, "spec", NULL);
	const char *phase = js_str0(o, "status", "phase", NULL);
	const char *scheduler = js_str(spec, "schedulerName", NULL);
	p->node = mem_strdup(js_str0(spec, "nodeName", NULL));
	p->nominated = mem_strdup(js_str(o, "status", "nominatedNodeName", NULL));
	p->scheduler = mem_strdup(scheduler ? scheduler : "default-scheduler");
	p->priority = (int32_t)js_int(spec, 0, "priority", NULL);
	p->finished = strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
	p->gated = js_len(js_arr(spec, "schedulingGates", NULL)) > 0;
	decode_requests(p, spec);
	bool host_network = js_bool(spec, false, "hostNetwork", NULL);
	js_array_for_each (c, js_field(spec, "containers"))
		decode_container(p, c, host_network);
	js_array_for_each (c, js_field(spec, "initContainers"))
		decode_container(p, c, host_network);
	if (*p->node)
		return true; /* a bound Pod only takes room: what chose its node no longer matters */
	decode_affinity(p, spec);
	decode_tolerations(p, js_arr(spec, "tolerations", NULL));
	const js *condition = condition_find(js_arr(o, "status", "conditions", NULL), "PodScheduled");
	if (condition && strcmp(js_str0(condition, "reason", NULL), "Unschedulable") == 0)
		p->unschedulable = mem_strdup(js_str0(condition, "message", NULL));
	return true;
}

static void terms_free(struct node_term *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		requirements_free(v[i].labels, v[i].n_labels);
		requirements_free(v[i].fields, v[i].n_fields);
	}
	free(v);
}

static void pod_release(void *o)
{
	struct sched_pod *p = o;
	free(p->node);
	free(p->nominated);
	free(p->scheduler);
	free(p->unschedulable);
	resources_release(&p->req);
	free(p->ports);
	requirements_free(p->selector, p->n_selector);
	terms_free(p->required, p->n_required);
	terms_free(p->preferred, p->n_preferred);
	for (size_t i = 0; i < p->n_tolerations; i++) {
		free(p->tolerations[i].key);
		free(p->tolerations[i].value);
		free(p->tolerations[i].effect);
	}
	free(p->tolerations);
	for (size_t i = 0; i < p->n_images; i++)
		free(p->images[i]);
	free(p->images);
}

const struct informer_type sched_pod_type = {
	.group = "",
	.version = "v1",
	.resource = "pods",
	.kind = "Pod",
	.size = sizeof(struct sched_pod),
	.decode = pod_decode,
	.release = pod_release,
};
