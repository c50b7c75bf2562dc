/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Pods that an autoscaler looks at. They are read when it looks, in pages, and not kept: what it asks of them (labels,
 * requests, times) no other controller does, and a cluster without autoscalers is not to pay for it. A worker's thread only.
 */
#ifndef AUTOSCALER_HPA_PODS_H
#define AUTOSCALER_HPA_PODS_H

#include "client/rest.h"
#include "object/core/podlife.h"

struct hpa_container {
	const char *name;
	enum restart_policy restart; /* of an init container */
	struct resource_requirements resources;
};
struct hpa_pod {
	const char *name;
	struct labels *labels;
	enum pod_phase phase;
	int64_t deleted_ns, start_ns; /* wall; 0 = not */
	struct object_condition ready;
	struct hpa_container *containers, *inits;
	size_t n_containers, n_inits;
	struct resource_requirements level; /* the Pod's own */
	struct resource_amount *overhead;
	size_t n_overhead;
};
extern const struct decode_spec hpa_pods_page_spec; /* for tests */

struct hpa_pods { /* zeroed to begin with */
	const struct hpa_pod **v;
	size_t n;
	void **pages; /* what v points into */
	size_t n_pages;
};
/* Those of the namespace that the selector, in query form, selects. */
int hpa_pods_read(struct hpa_pods *pods, struct rest *r, const char *ns, const char *selector,
		  struct err *err) MUST_CHECK;
/* The same from the text of one list. */
int hpa_pods_add(struct hpa_pods *pods, const char *list, size_t n,
		 struct err *err) MUST_CHECK; /* for tests */
void hpa_pods_release(struct hpa_pods *pods);

/*
 * What the Pod asks for of a resource, in thousandths: of that container, or of all when it is "". Init containers count
 * when they run on. A Pod that says for itself what it wants is taken at its word. One that does not say is an error.
 */
int hpa_pods_request(const struct hpa_pod *p, const char *container, const char *resource, int64_t *ret,
		     struct err *err) MUST_CHECK;

#endif
