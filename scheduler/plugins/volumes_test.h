/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of the volume plugins: what there is of claims, volumes, classes and drivers, a Pod, and what becomes of it on
 * each node, with the words.
 */
#ifndef PLUGINS_VOLUMES_TEST_H
#define PLUGINS_VOLUMES_TEST_H

#include "cluster_test.h"
#include "lookup_storage.h"
#include "object/decode.h"
#include "plugins/table.h"

static const struct plugin *const all[] = {&plugin_volume_restrictions, &plugin_node_volume_limits,
					   &plugin_volume_binding, &plugin_volume_zone};
enum { RESTRICTIONS, LIMITS, BINDING, ZONE };

#define TOLD_MAX 8
struct told {
	enum lookup_kind kind;
	const char *yaml;
};
struct volume_row {
	const char *what;
	int plugin;
	const char *nodes, *there; /* Pods that have a node */
	struct told told[TOLD_MAX];
	const char *pod, *want, *words; /* words NULL: not looked at */
};

#define POD(volumes)                                                                                         \
	"metadata: {name: p, namespace: d, uid: u}\nspec: {volumes: [" volumes "], containers: [{name: c}]}"
#define ON(uid, node, volumes)                                                                               \
	"metadata: {name: " uid ", namespace: d, uid: " uid "}\nspec: {nodeName: " node                      \
	", volumes: [" volumes "], containers: [{name: c}]}"
#define CLAIM(name) "{name: v-" name ", persistentVolumeClaim: {claimName: " name "}}"
#define PVC(name, meta, spec)                                                                                \
	{                                                                                                    \
		LOOKUP_CLAIMS,                                                                               \
			"metadata: {name: " name ", namespace: d, uid: u-" name meta "}\nspec: {" spec "}"   \
	}
#define BOUND ", annotations: {pv.kubernetes.io/bind-completed: 'yes'}"
#define SELECTED(node) ", annotations: {volume.kubernetes.io/selected-node: " node "}"
#define WANT(size)                                                                                           \
	"storageClassName: wait, accessModes: [ReadWriteOnce], resources: {requests: {storage: " size "}}"
#define PV(name, meta, spec, phase)                                                                          \
	{                                                                                                    \
		LOOKUP_VOLUMES,                                                                              \
			"metadata: {name: " name meta "}\nspec: {" spec "}\nstatus: {phase: " phase "}"      \
	}
#define FREE(name, size, more)                                                                               \
	PV(name, "",                                                                                         \
	   "storageClassName: wait, accessModes: [ReadWriteOnce], capacity: {storage: " size "}" more,       \
	   "Available")
#define AT(node)                                                                                                       \
	", nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: host, operator: In, values: [" node \
	"]}]}]}}"
#define CLASS(name, provisioner, mode, more)                                                                 \
	{                                                                                                    \
		LOOKUP_CLASSES, "metadata: {name: " name "}\nprovisioner: " provisioner                      \
				"\nvolumeBindingMode: " mode "\n" more                                       \
	}
#define WAIT CLASS("wait", "kubernetes.io/no-provisioner", "WaitForFirstConsumer", "")
#define MAKE CLASS("wait", "csi.x", "WaitForFirstConsumer", "")
#define NOW CLASS("now", "csi.x", "Immediate", "")
#define HOSTS "a host=a; b host=b"
#define ZONES "a topology.kubernetes.io/zone=z1; b topology.kubernetes.io/zone=z2; c"
#define GCE(name, more) "{name: g, gcePersistentDisk: {pdName: " name more "}}"
#define CSINODE(node, n)                                                                                     \
	{                                                                                                    \
		LOOKUP_CSINODES, "metadata: {name: " node                                                    \
				 "}\nspec: {drivers: [{name: csi.x, allocatable: {count: " n "}}]}"          \
	}
#define CSI(name)                                                                                            \
	PV(name, "", "storageClassName: now, csi: {driver: csi.x, volumeHandle: h-" name "}", "Bound")
#define ONCE "accessModes: [ReadWriteOncePod], volumeName: pv, storageClassName: now"

static inline void volumes_fill(struct cluster *u, const struct volume_row *r)
{
	cluster_nodes(u, r->nodes, NULL);
	if (r->there)
		cluster_add_pod(u, r->there);
	for (size_t i = 0; i < TOLD_MAX && r->told[i].yaml; i++)
		cluster_tell(u, r->told[i].kind, r->told[i].yaml);
}

static inline void volumes_check(const struct volume_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct volume_row *r = &rows[i];
		const struct framework f = {.plugins = &all[r->plugin], .n = 1};
		const struct sched_pod *p = make_pod(r->pod);
		autobuf struct buf words = BUF_INIT;
		struct reasons why = {0};
		struct cluster u;
		char got[65];

		cluster_init(&u, &f);
		volumes_fill(&u, r);
		cluster_verdicts(&u, p, got, &why);
		reasons_write(&words, u.snapshot.n_nodes, &why);
		if (strcmp(got, r->want) != 0 ||
		    (r->words && strchr(got, '.') == NULL && strcmp(buf_str(&words), r->words)))
			fail_msg("%s: got %s, not %s: %s", r->what, got, r->want, buf_str(&words));
		reasons_release(&why);
		if (r->plugin == RESTRICTIONS)
			cluster_check_forks(&u, p, r->what);
		informer_unref(p);
		cluster_release(&u);
	}
}

#endif
