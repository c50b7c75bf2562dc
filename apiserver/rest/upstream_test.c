/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What upstream's own daemons list and watch (v1.34's informers and reflectors; gates as they are by default) is there, in
 * the form in which they ask for it: protobuf, whole or as metadata, page by page or as a watch that begins with what
 * there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rest/rig_test.h"

#define PB "application/vnd.kubernetes.protobuf"
#define METADATA(what) PB ";as=PartialObjectMetadata" what ";g=meta.k8s.io;v=v1"

/* kube-scheduler s, kube-controller-manager m, kube-proxy p, kubelet k. */
static const struct {
	const char *who, *path;
} asked[] = {
	{"smk", "/api/v1/pods"},
	{"smpk", "/api/v1/nodes"},
	{"smpk", "/api/v1/services"},
	{"sm", "/api/v1/namespaces"},
	{"sm", "/api/v1/persistentvolumes"},
	{"sm", "/api/v1/persistentvolumeclaims"},
	{"sm", "/api/v1/replicationcontrollers"},
	{"m", "/api/v1/endpoints"},
	{"mk", "/api/v1/configmaps"},
	{"mk", "/api/v1/secrets"},
	{"m", "/api/v1/serviceaccounts"},
	{"m", "/api/v1/resourcequotas"},
	{"m", "/api/v1/limitranges"},
	{"m", "/api/v1/podtemplates"},
	{"m", "/api/v1/events"},
	{"sm", "/api/v1/namespaces/kube-system/configmaps"},
	{"sm", "/apis/apps/v1/replicasets"},
	{"sm", "/apis/apps/v1/statefulsets"},
	{"m", "/apis/apps/v1/deployments"},
	{"m", "/apis/apps/v1/daemonsets"},
	{"m", "/apis/apps/v1/controllerrevisions"},
	{"m", "/apis/batch/v1/jobs"},
	{"m", "/apis/batch/v1/cronjobs"},
	{"m", "/apis/autoscaling/v2/horizontalpodautoscalers"},
	{"sm", "/apis/policy/v1/poddisruptionbudgets"},
	{"mp", "/apis/discovery.k8s.io/v1/endpointslices"},
	{"mp", "/apis/networking.k8s.io/v1/servicecidrs"},
	{"m", "/apis/networking.k8s.io/v1/ipaddresses"},
	{"m", "/apis/networking.k8s.io/v1/ingresses"},
	{"m", "/apis/networking.k8s.io/v1/networkpolicies"},
	{"m", "/apis/certificates.k8s.io/v1/certificatesigningrequests"},
	{"m", "/apis/coordination.k8s.io/v1/leases"},
	{"m", "/apis/rbac.authorization.k8s.io/v1/clusterroles"},
	{"m", "/apis/rbac.authorization.k8s.io/v1/roles"},
	{"m", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"},
	{"sm", "/apis/storage.k8s.io/v1/storageclasses"},
	{"smk", "/apis/storage.k8s.io/v1/csinodes"},
	{"smk", "/apis/storage.k8s.io/v1/csidrivers"},
	{"s", "/apis/storage.k8s.io/v1/csistoragecapacities"},
	{"smk", "/apis/storage.k8s.io/v1/volumeattachments"},
	{"m", "/apis/storage.k8s.io/v1/volumeattributesclasses"},
	{"smk", "/apis/resource.k8s.io/v1/resourceclaims"},
	{"sm", "/apis/resource.k8s.io/v1/resourceslices"},
	{"sm", "/apis/resource.k8s.io/v1/deviceclasses"},
	{"m", "/apis/resource.k8s.io/v1/resourceclaimtemplates"},
	{"k", "/apis/node.k8s.io/v1/runtimeclasses"},
	{"sm", "/apis/events.k8s.io/v1/events"},
	{"m", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"},
};

#define LIST "limit=500&resourceVersion=0"
#define WATCH "watch=true&allowWatchBookmarks=true&timeoutSeconds=400"
#define WHOLE WATCH "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"

/* How it is asked, and what the answer is: JSON for who takes it, too, and protobuf for who takes nothing else. */
static const struct way {
	const char *query, *accept, *type;
	bool watch;
} ways[] = {
	{LIST, PB ",application/json", "application/json", false},
	{WHOLE, PB ",application/json", "application/json", true},
	{LIST, PB, PB, false},
	{WATCH "&resourceVersion=0", PB, PB ";stream=watch", true},
	{WHOLE, PB, PB ";stream=watch", true},
	{LIST, METADATA("List"), PB, false},
	{WHOLE, METADATA(""), PB ";stream=watch", true},
};

static void ask(const char *path, const struct way *w)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	autofree char *target = mem_printf("%s?%s", path, w->query);
	const struct response *rs = &e->x.rs;
	size_t n;

	e->x.rq = (struct request){.accept = w->accept, .user_agent = "upstream", .content_type = ""};
	rig_run(&rig, e, "GET", target);
	const char *body = response_bytes(rs, &n);
	const char *type = rs->content_type ? rs->content_type : "application/json";
	bool marked = n > 4 && !memcmp(body, "k8s", 4);
	if (rs->status != 200 || strcmp(type, w->type) || !rs->stream != !w->watch ||
	    (!w->watch && marked != !strcmp(w->type, PB)))
		fail_msg("%s as %s: %d %s %.*s", target, w->accept, rs->status, type, (int)n, body);
	rig_exchange_free(e);
}

static void test_daemons(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		for (size_t w = 0; w < ARRAY_LEN(ways); w++)
			ask(asked[i].path, &ways[w]);
}

/* The garbage collector and the quota controller watch whatever discovery tells them of. */
static void test_all_that_is_discovered(void **state)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(rig.api.schema, &kinds), seen = 0;

	for (size_t i = 0; i < n; i++) {
		const struct kind *k = kinds[i];
		autofree char *path = mem_printf("%s%s/%s/%s", *k->group ? "/apis/" : "/api", k->group,
						 k->version, k->resource);
		if (~k->verbs & (VERB_LIST | VERB_WATCH))
			continue;
		for (size_t w = 0; w < ARRAY_LEN(ways); w++)
			ask(path, &ways[w]);
		seen++;
	}
	assert_true(seen > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_daemons),
					   cmocka_unit_test(test_all_that_is_discovered)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
