/* SPDX-License-Identifier: Apache-2.0 */
/* See hpa_pods.h (kubernetes/kubernetes pkg/controller/podautoscaler/replica_calculator.go, calculateRequests). */
#include "autoscaler/hpa_pods.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define PAGE 500

/* ---- what is read ---- */

static const struct decode_row container_rows[] = {
	DECODE_STRING("name", struct hpa_container, name),
	DECODE_STRUCT("resources", struct hpa_container, resources, &resources_requirements_spec),
	DECODE_ENUM("restartPolicy", struct hpa_container, restart, podlife_restart_policy_names),
};
static const struct hpa_container container_initial = {.name = "", .restart = RESTART_UNSET};
static const struct decode_spec container_spec =
	DECODE_SPEC(struct hpa_container, container_rows, .initial = &container_initial);

static const struct decode_row pod_rows[] = {
	DECODE_STRING("metadata.name", struct hpa_pod, name),
	DECODE_LABELS("metadata.labels", struct hpa_pod, labels),
	DECODE_TIME("metadata.deletionTimestamp", struct hpa_pod, deleted_ns),
	DECODE_ARRAY("spec.containers", struct hpa_pod, containers, n_containers, &container_spec),
	DECODE_ARRAY("spec.initContainers", struct hpa_pod, inits, n_inits, &container_spec),
	DECODE_STRUCT("spec.resources", struct hpa_pod, level, &resources_requirements_spec),
	DECODE_MAP("spec.overhead", struct hpa_pod, overhead, n_overhead, &resources_amount_spec),
	DECODE_ENUM("status.phase", struct hpa_pod, phase, podlife_phase_names),
	DECODE_TIME("status.startTime", struct hpa_pod, start_ns),
	DECODE_FIND("status.conditions", "type", "Ready", struct hpa_pod, ready, &podlife_condition_spec),
};
static const struct hpa_pod pod_initial = {.name = ""};
static const struct decode_spec pod_spec = DECODE_SPEC(struct hpa_pod, pod_rows, .initial = &pod_initial);

struct page {
	const char *more; /* the token of the next; NULL or "" when this is the last */
	struct hpa_pod *v;
	size_t n;
};
static const struct decode_row page_rows[] = {
	DECODE_STRING("metadata.continue", struct page, more),
	DECODE_ARRAY("items", struct page, v, n, &pod_spec),
};
const struct decode_spec hpa_pods_page_spec = DECODE_SPEC(struct page, page_rows);

int hpa_pods_add(struct hpa_pods *pods, const char *list, size_t n, struct err *err)
{
	struct page *page = decode_new(&hpa_pods_page_spec, list, n, err);

	if (!page)
		return -1;
	pods->pages = mem_realloc_array(pods->pages, pods->n_pages + 1, sizeof(void *));
	pods->pages[pods->n_pages++] = page;
	pods->v = mem_realloc_array(pods->v, pods->n + page->n + 1, sizeof(void *));
	for (size_t i = 0; i < page->n; i++)
		pods->v[pods->n++] = &page->v[i];
	return 0;
}

int hpa_pods_read(struct hpa_pods *pods, struct rest *r, const char *ns, const char *selector,
		  struct err *err)
{
	const char *more = "";

	do {
		autobuf struct buf path = BUF_INIT, reply = BUF_INIT;

		rest_path(&path, "", "v1", ns, "pods", NULL, NULL);
		buf_addf(&path, "?limit=%d&labelSelector=", PAGE);
		http_escape(&path, selector);
		if (*more) {
			buf_adds(&path, "&continue=");
			http_escape(&path, more);
		}
		if (rest_do_raw(r, REST_GET, buf_str(&path), NULL, 0, &reply, err) < 0 ||
		    hpa_pods_add(pods, reply.p, reply.len, err) < 0)
			return -1;
		more = ((struct page *)pods->pages[pods->n_pages - 1])->more;
	} while (more && *more);
	return 0;
}

void hpa_pods_release(struct hpa_pods *pods)
{
	for (size_t i = 0; i < pods->n_pages; i++)
		free(pods->pages[i]);
	free(pods->pages);
	free(pods->v);
	*pods = (struct hpa_pods){0};
}

/* ---- what it asks for ---- */

static int add_container(const struct hpa_pod *p, const struct hpa_container *c, const char *resource,
			 int64_t *sum, struct err *err)
{
	const struct resource_amount *a =
		resources_find(c->resources.requests, c->resources.n_requests, resource);

	if (!a)
		return err_set(err, REASON_INVALID, "missing request for %s in container %s of Pod %s",
			       resource, c->name, p->name);
	*sum += a->milli;
	return 0;
}

static int of_containers(const struct hpa_pod *p, const char *container, const char *resource, int64_t *ret,
			 struct err *err)
{
	*ret = 0;
	for (size_t i = 0; i < p->n_containers + p->n_inits; i++) {
		bool init = i >= p->n_containers;
		const struct hpa_container *c = init ? &p->inits[i - p->n_containers] : &p->containers[i];

		if ((init && c->restart != RESTART_ALWAYS) || (*container && strcmp(container, c->name) != 0))
			continue;
		if (add_container(p, c, resource, ret, err) < 0)
			return -1;
	}
	return 0;
}

static bool of_level(const char *name)
{
	return !strcmp(name, "cpu") || !strcmp(name, "memory") || !strncmp(name, "hugepages-", 10);
}

static bool has_level(const struct hpa_pod *p)
{
	for (size_t i = 0; i < p->level.n_requests; i++)
		if (of_level(p->level.requests[i].name))
			return true;
	return false;
}

static int64_t milli_of(const struct resource_amount *v, size_t n, const char *name, bool *found)
{
	const struct resource_amount *a = resources_find(v, n, name);

	*found |= a != NULL;
	return a ? a->milli : 0;
}

/* resource.PodRequests of one resource: what the Pod names itself, else what its containers do; and the overhead. */
static int of_pod(const struct hpa_pod *p, const char *resource, int64_t *ret, struct err *err)
{
	bool found = false;
	int64_t run = 0, sidecars = 0, start = 0;
	const struct resource_amount *own = resources_find(p->level.requests, p->level.n_requests, resource);

	for (size_t i = 0; i < p->n_containers; i++)
		run += milli_of(p->containers[i].resources.requests, p->containers[i].resources.n_requests,
				resource, &found);
	for (size_t i = 0; i < p->n_inits; i++) {
		int64_t one = milli_of(p->inits[i].resources.requests, p->inits[i].resources.n_requests,
				       resource, &found);

		if (p->inits[i].restart == RESTART_ALWAYS)
			sidecars += one;
		else if (sidecars + one > start)
			start = sidecars + one;
	}
	run += sidecars;
	*ret = start > run ? start : run;
	if (own && of_level(resource)) {
		*ret = own->milli;
		found = true;
	}
	*ret += milli_of(p->overhead, p->n_overhead, resource, &found);
	if (!found)
		return err_set(err, REASON_INVALID, "missing pod-level request for %s in Pod %s", resource,
			       p->name);
	return 0;
}

int hpa_pods_request(const struct hpa_pod *p, const char *container, const char *resource, int64_t *ret,
		     struct err *err)
{
	if (!*container && has_level(p))
		return of_pod(p, resource, ret, err);
	return of_containers(p, container, resource, ret, err);
}
