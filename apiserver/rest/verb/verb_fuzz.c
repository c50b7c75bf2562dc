/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies and patches of any bytes through the whole writing side, as dry runs. The first byte picks the
 * request line; the server must answer, and never with an internal error.
 */
#include "rest/rig_test.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NS "/api/v1/namespaces/default"
#define APPS "/apis/apps/v1/namespaces/default"
#define DRY "?dryRun=All"

static const struct {
	const char *method, *target, *type;
} lines[] = {
	{"POST", NS "/pods" DRY, "application/json"},
	{"POST", NS "/pods" DRY "&fieldValidation=Strict", "application/yaml"},
	{"POST", NS "/pods" DRY, "application/vnd.kubernetes.protobuf"},
	{"POST", APPS "/deployments" DRY, "application/vnd.kubernetes.protobuf"},
	{"POST", APPS "/deployments" DRY, "application/json"},
	{"POST", NS "/services" DRY, "application/json"},
	{"POST", NS "/secrets" DRY, "application/json"},
	{"POST", NS "/events" DRY, "application/json"},
	{"POST", "/apis/events.k8s.io/v1/namespaces/default/events" DRY, "application/json"},
	{"POST", "/api/v1/nodes" DRY, "application/json"},
	{"PUT", NS "/pods/p" DRY, "application/json"},
	{"PUT", NS "/pods/p/status" DRY, "application/json"},
	{"PUT", APPS "/deployments/d/scale" DRY, "application/json"},
	{"PATCH", NS "/pods/p" DRY, "application/merge-patch+json"},
	{"PATCH", NS "/pods/p" DRY, "application/json-patch+json"},
	{"PATCH", NS "/pods/p" DRY, "application/strategic-merge-patch+json"},
	{"PATCH", APPS "/deployments/d" DRY, "application/strategic-merge-patch+json"},
	{"PATCH", APPS "/deployments/d/scale" DRY, "application/json-patch+json"},
	{"PATCH", NS "/services/s" DRY, "application/merge-patch+json"},
	{"DELETE", NS "/pods/p" DRY, "application/json"},
	{"DELETE", NS "/pods/p" DRY, "application/vnd.kubernetes.protobuf"},
	{"POST", NS "/pods/p/binding" DRY, "application/json"},
	{"PATCH", APPS "/deployments/d" DRY "&fieldManager=m", "application/apply-patch+yaml"},
	{"PATCH", NS "/services/new" DRY "&fieldManager=m&force=true", "application/apply-patch+yaml"},
	{"PATCH", NS "/pods/p/status" DRY "&fieldManager=m", "application/apply-patch+yaml"},
	{"PUT", NS "/services/s" DRY "&fieldManager=m", "application/json"},
	{"PATCH", APPS "/deployments/d/scale" DRY "&fieldManager=m", "application/apply-patch+yaml"},
	{"PATCH", NS "/pods/p/ephemeralcontainers" DRY "&fieldManager=m&fieldValidation=Strict",
	 "application/apply-patch+yaml"},
	{"PATCH", NS "/pods/p" DRY "&fieldValidation=Ignore", "application/merge-patch+json"},
	{"POST", NS "/configmaps" DRY "&fieldValidation=Strict", "application/yaml"},
	{"POST", NS "/pods/p/eviction" DRY "&fieldValidation=Strict", "application/json"},
	{"POST", NS "/pods/p/eviction" DRY, "application/vnd.kubernetes.protobuf"},
	{"POST", NS "/pods/p/binding" DRY, "application/vnd.kubernetes.protobuf"},
	{"PUT", APPS "/deployments/d/scale" DRY, "application/vnd.kubernetes.protobuf"},
	{"DELETE", NS "/pods" DRY "&labelSelector=none", "application/vnd.kubernetes.protobuf"},
	{"POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions" DRY,
	 "application/vnd.kubernetes.protobuf"},
	{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
	 "application/vnd.kubernetes.protobuf"},
	{"POST", NS "/configmaps" DRY "&fieldValidation=Strict", "application/json"},
};

static void must(const char *target, const char *body)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", target, body);
	if (r.status != 201) {
		fprintf(stderr, "%s: %s\n", target, buf_str(&r.text));
		abort();
	}
}

static void clean_up(void)
{
	rig_close(&rig);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	rig_open(&rig);
	atexit(clean_up);
	must(NS "/pods",
	     "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
	must(NS "/services", "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}]}}");
	must(APPS "/deployments",
	     "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t i = data[0] % ARRAY_LEN(lines);
	autoreply struct rig_reply r = rig_send(&rig, lines[i].method, lines[i].target, lines[i].type,
						(const char *)data + 1, size - 1);
	bool own_fault = r.status > 500 || (r.status == 500 && *js_str0(r.body, "reason", NULL));
	if (r.status < 200 || own_fault) {
		fprintf(stderr, "%s %s: %d %s\n", lines[i].method, lines[i].target, r.status,
			buf_str(&r.text));
		abort();
	}
	return 0;
}
