/* SPDX-License-Identifier: Apache-2.0 */
/* Claims that are bound, or wait for their first Pod, after upstream's cases (volumebinding); what is done for the chosen node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "plugins/volumes_test.h"

static const struct volume_row rows[] = {
	/* ---- binding ---- */
	{"no claims", BINDING, HOSTS, NULL, {}, POD("{name: e, emptyDir: {}}"), "..", NULL},
	{"bound, reachable from everywhere",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"), PV("pv", "", "", "Bound")},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"bound, reachable from b",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"), PV("pv", "", "storageClassName: x" AT("b"), "Bound")},
	 POD(CLAIM("k")),
	 "X.",
	 NULL},
	{"bound, reachable from nowhere",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"), PV("pv", "", "storageClassName: x" AT("z"), "Bound")},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity."},
	{"bound to what is gone",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv")},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)."},
	{"no such claim",
	 BINDING,
	 HOSTS,
	 NULL,
	 {},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: persistentvolumeclaim \"k\" not found."},
	{"lost",
	 BINDING,
	 HOSTS,
	 NULL,
	 {{LOOKUP_CLAIMS,
	   "metadata: {name: k, namespace: d}\nspec: {volumeName: pv}\nstatus: {phase: Lost}"}},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: persistentvolumeclaim \"k\" bound to non-existent persistentvolume \"pv\"."},
	{"being deleted",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", ", deletionTimestamp: '2026-01-01T00:00:00Z'", "")},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: persistentvolumeclaim \"k\" is being deleted."},
	{"an ephemeral volume whose claim is not made yet",
	 BINDING,
	 HOSTS,
	 NULL,
	 {},
	 POD("{name: e, ephemeral: {}}"),
	 "XX",
	 "0/2 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-e\"."},
	{"an ephemeral volume whose claim is somebody's",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("p-e", BOUND, "volumeName: pv")},
	 POD("{name: e, ephemeral: {}}"),
	 "XX",
	 "0/2 nodes are available: PVC d/p-e was not created for pod d/p (pod is not owner)."},
	{"an ephemeral volume with its own",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("p-e",
	      BOUND ", ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u, controller: true}]",
	      "volumeName: pv"),
	  PV("pv", "", "", "Bound")},
	 POD("{name: e, ephemeral: {}}"),
	 "..",
	 NULL},
	{"unbound, of a class that does not wait",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", "storageClassName: now"), NOW},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."},
	{"unbound, without a class",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", "")},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."},
	{"bound beforehand, not yet complete",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", "storageClassName: wait, volumeName: pv"), WAIT},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."},
	{"waiting, nothing free",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi")), WAIT},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind."},
	{"waiting, one free on a",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi")), WAIT, FREE("pv", "1Gi", AT("a"))},
	 POD(CLAIM("k")),
	 ".X",
	 NULL},
	{"waiting, too small",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("2Gi")), WAIT, FREE("pv", "1Gi", "")},
	 POD(CLAIM("k")),
	 "XX",
	 NULL},
	{"waiting, of another mode",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi") ", volumeMode: Block"), WAIT, FREE("pv", "1Gi", "")},
	 POD(CLAIM("k")),
	 "XX",
	 NULL},
	{"waiting, of another access",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", "storageClassName: wait, accessModes: [ReadWriteMany]"), WAIT, FREE("pv", "1Gi", "")},
	 POD(CLAIM("k")),
	 "XX",
	 NULL},
	{"waiting, of another class",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi")), WAIT,
	  PV("pv", "", "storageClassName: no, accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}",
	     "Available")},
	 POD(CLAIM("k")),
	 "XX",
	 NULL},
	{"waiting, not available",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi")), WAIT,
	  PV("pv", "", "storageClassName: wait, accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}",
	     "Released")},
	 POD(CLAIM("k")),
	 "XX",
	 NULL},
	{"waiting, promised to another claim",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi")), WAIT, FREE("pv", "1Gi", ", claimRef: {namespace: d, name: j}")},
	 POD(CLAIM("k")),
	 "XX",
	 NULL},
	{"waiting, promised to this one",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi")), WAIT, FREE("pv", "1Gi", ", claimRef: {namespace: d, name: k}" AT("b"))},
	 POD(CLAIM("k")),
	 "X.",
	 NULL},
	{"waiting, a selector",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi") ", selector: {matchLabels: {t: x}}"), WAIT, FREE("pv", "1Gi", ""),
	  PV("pw", ", labels: {t: x}",
	     "storageClassName: wait, accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}" AT("b"),
	     "Available")},
	 POD(CLAIM("k")),
	 "X.",
	 NULL},
	{"two waiting, one free",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("j", "", WANT("1Gi")), PVC("k", "", WANT("1Gi")), WAIT, FREE("pv", "1Gi", "")},
	 POD(CLAIM("j") "," CLAIM("k")),
	 "XX",
	 NULL},
	{"two waiting, the small one takes the small one",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("j", "", WANT("2Gi")), PVC("k", "", WANT("1Gi")), WAIT, FREE("pv", "2Gi", AT("a")),
	  FREE("pw", "1Gi", AT("a"))},
	 POD(CLAIM("j") "," CLAIM("k")),
	 ".X",
	 NULL},
	{"can be made anywhere",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi")), MAKE},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"can be made where the class allows",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("1Gi")),
	  CLASS("wait", "csi.x", "WaitForFirstConsumer",
		"allowedTopologies: [{matchLabelExpressions: [{key: host, values: [b, c]}]}]")},
	 POD(CLAIM("k")),
	 "X.",
	 "0/2 nodes are available: 1 node(s) didn't find available persistent volumes to bind."},
	{"is being made for a",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", SELECTED("a"), WANT("1Gi")), MAKE},
	 POD(CLAIM("k")),
	 ".X",
	 NULL},
	{"one bound, one can be made",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("j", BOUND, "volumeName: pv"), PV("pv", "", "storageClassName: x" AT("b"), "Bound"),
	  PVC("k", "", WANT("1Gi")), MAKE},
	 POD(CLAIM("j") "," CLAIM("k")),
	 "X.",
	 NULL},
	{"room on b",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("2Gi")),
	  MAKE,
	  {LOOKUP_CSIDRIVERS, "metadata: {name: csi.x}\nspec: {storageCapacity: true}"},
	  {LOOKUP_CAPACITIES,
	   "metadata: {name: c1, namespace: x}\nstorageClassName: wait\ncapacity: 1Gi\nnodeTopology: {matchLabels: {host: a}}"},
	  {LOOKUP_CAPACITIES,
	   "metadata: {name: c2, namespace: x}\nstorageClassName: wait\ncapacity: 4Gi\nnodeTopology: {matchLabels: {host: b}}"}},
	 POD(CLAIM("k")),
	 "X.",
	 NULL},
	{"room nowhere",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("2Gi")),
	  MAKE,
	  {LOOKUP_CSIDRIVERS, "metadata: {name: csi.x}\nspec: {storageCapacity: true}"}},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: 2 node(s) did not have enough free storage."},
	{"room, but not for one volume of that size",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("2Gi")),
	  MAKE,
	  {LOOKUP_CSIDRIVERS, "metadata: {name: csi.x}\nspec: {storageCapacity: true}"},
	  {LOOKUP_CAPACITIES,
	   "metadata: {name: c1, namespace: x}\nstorageClassName: wait\ncapacity: 9Gi\nmaximumVolumeSize: 1Gi\nnodeTopology: {}"}},
	 POD(CLAIM("k")),
	 "XX",
	 NULL},
	{"a driver that does not tell",
	 BINDING,
	 HOSTS,
	 NULL,
	 {PVC("k", "", WANT("2Gi")),
	  MAKE,
	  {LOOKUP_CSIDRIVERS, "metadata: {name: csi.x}\nspec: {storageCapacity: false}"}},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
};

static void test_filters(void **state)
{
	volumes_check(rows, ARRAY_LEN(rows));
}

/* ---- what is done for the chosen node ---- */
static struct buf written;
static void note(void *arg, const struct sched_pod *p, const char *path, const char *body)
{
	buf_addf(&written, "%s %s\n", path, body);
}

static enum verdict choose(struct cluster *u, const struct sched_pod *p, const char *node,
			   int64_t *ret_timeout_ns)
{
	char got[65];
	struct permit permit;
	struct reasons why = {0};

	u->cycle.write = note;
	cluster_verdicts(u, p, got, NULL);
	enum verdict v = framework_commit(u->cycle.framework, &u->cycle.state, p,
					  snapshot_node(&u->snapshot, node), &why, &permit);
	*ret_timeout_ns = permit.timeout_ns[0];
	reasons_release(&why);
	return v;
}

static void test_promises(void **state)
{
	static const struct volume_row row = {
		"",
		BINDING,
		HOSTS,
		NULL,
		{PVC("j", "", WANT("1Gi")), PVC("k", "", WANT("1Gi")), MAKE, FREE("pv", "1Gi", AT("a"))},
		NULL,
		NULL,
		NULL};
	const struct framework f = {.plugins = &all[BINDING], .n = 1};
	const struct sched_pod *p = make_pod(POD(CLAIM("j"))),
			       *q = make_pod(
				       "metadata: {name: q, namespace: d, uid: q}\nspec: {volumes: [" CLAIM(
					       "k") "], containers: [{name: c}]}");
	struct cluster u;
	int64_t timeout_ns;

	cluster_init(&u, &f);
	volumes_fill(&u, &row);
	assert_int_equal(choose(&u, p, "a", &timeout_ns), VERDICT_WAIT);
	assert_true(timeout_ns == 600 * NS_PER_S);
	assert_string_equal(
		buf_str(&written),
		"/api/v1/persistentvolumes/pv {\"metadata\":{\"annotations\":{\"pv.kubernetes.io/bound-by-controller\":"
		"\"yes\"}},\"spec\":{\"claimRef\":{\"kind\":\"PersistentVolumeClaim\",\"apiVersion\":\"v1\",\"namespace\":"
		"\"d\",\"name\":\"j\",\"uid\":\"u-j\"}}}\n");
	buf_clear(&written);
	struct cycle_state first = u.cycle.state;
	u.cycle.state = (struct cycle_state){0};
	/* The next one must not count on it: its claim gets a volume of its own. */
	assert_int_equal(choose(&u, q, "a", &timeout_ns), VERDICT_WAIT);
	assert_string_equal(buf_str(&written),
			    "/api/v1/namespaces/d/persistentvolumeclaims/k {\"metadata\":{\"annotations\":{"
			    "\"volume.kubernetes.io/selected-node\":\"a\"}}}\n");
	buf_clear(&written);
	/* The claim is promised to that node, so other Pods of it go there too, until it is given back. */
	char got[65];
	struct cycle_state second = u.cycle.state;
	u.cycle.state = (struct cycle_state){0};
	cluster_verdicts(&u, q, got, NULL);
	assert_string_equal(got, ".X");
	framework_unreserve(&f, &second, q, snapshot_node(&u.snapshot, "a"));
	framework_unreserve(&f, &first, p, snapshot_node(&u.snapshot, "a"));
	cycle_state_release(&first);
	cycle_state_release(&second);
	cluster_verdicts(&u, q, got, NULL);
	assert_string_equal(got, "..");
	/* The wait is over once all its claims have their volumes. */
	assert_false(plugin_volume_binding.recheck(u.lookup, p));
	cluster_tell(&u, LOOKUP_CLAIMS,
		     "metadata: {name: j, namespace: d, uid: u-j" BOUND "}\nspec: {volumeName: pv}");
	assert_true(plugin_volume_binding.recheck(u.lookup, p));
	informer_unref(p);
	informer_unref(q);
	buf_release(&written);
	cluster_release(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_filters), cmocka_unit_test(test_promises)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
