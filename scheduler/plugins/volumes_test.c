/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes, after upstream's cases (volumerestrictions, volumezone, nodevolumelimits, volumebinding): what there is of claims,
 * volumes, classes and drivers, a Pod, and what becomes of it on each node, with the words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
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

static const struct volume_row rows[] = {
	/* ---- disks that only one may hold ---- */
	{"no volumes", RESTRICTIONS, HOSTS, NULL, {}, POD(""), "..", NULL},
	{"a disk of somebody else",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", GCE("one", "")),
	 {},
	 POD(GCE("two", "")),
	 "..",
	 NULL},
	{"the same disk",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", GCE("one", "")),
	 {},
	 POD(GCE("one", "")),
	 "x.",
	 NULL},
	{"the same disk, both only read",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", GCE("one", ", readOnly: true")),
	 {},
	 POD(GCE("one", ", readOnly: true")),
	 "..",
	 NULL},
	{"the same disk, one writes",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", GCE("one", ", readOnly: true")),
	 {},
	 POD(GCE("one", "")),
	 "x.",
	 NULL},
	{"aws: reading is no excuse",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", "{name: w, awsElasticBlockStore: {volumeID: x, readOnly: true}}"),
	 {},
	 POD("{name: w, awsElasticBlockStore: {volumeID: x, readOnly: true}}"),
	 "x.",
	 NULL},
	{"aws: another",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", "{name: w, awsElasticBlockStore: {volumeID: x}}"),
	 {},
	 POD("{name: w, awsElasticBlockStore: {volumeID: y}}"),
	 "..",
	 NULL},
	{"iscsi",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "b", "{name: i, iscsi: {iqn: disk, targetPortal: t}}"),
	 {},
	 POD("{name: i, iscsi: {iqn: disk}}"),
	 ".x",
	 NULL},
	{"iscsi, both only read",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "b", "{name: i, iscsi: {iqn: disk, readOnly: true}}"),
	 {},
	 POD("{name: i, iscsi: {iqn: disk, readOnly: true}}"),
	 "..",
	 NULL},
	{"rbd with a monitor in common",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", "{name: r, rbd: {monitors: [a, b], pool: p, image: i}}"),
	 {},
	 POD("{name: r, rbd: {monitors: [c, b], pool: p, image: i}}"),
	 "x.",
	 NULL},
	{"rbd of other monitors",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", "{name: r, rbd: {monitors: [a], pool: p, image: i}}"),
	 {},
	 POD("{name: r, rbd: {monitors: [c], pool: p, image: i}}"),
	 "..",
	 NULL},
	{"rbd of another pool",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", "{name: r, rbd: {monitors: [a], pool: p, image: i}}"),
	 {},
	 POD("{name: r, rbd: {monitors: [a], pool: q, image: i}}"),
	 "..",
	 NULL},
	{"for one pod only, and nobody has it",
	 RESTRICTIONS,
	 HOSTS,
	 NULL,
	 {PVC("k", BOUND, ONCE)},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"for one pod only, and somebody has it",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", CLAIM("k")),
	 {PVC("k", BOUND, ONCE)},
	 POD(CLAIM("k")),
	 "xx",
	 "0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already "
	 "in-use by another pod."},
	{"for many",
	 RESTRICTIONS,
	 HOSTS,
	 ON("q", "a", CLAIM("k")),
	 {PVC("k", BOUND, "accessModes: [ReadWriteOnce]")},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"a claim that is not there",
	 RESTRICTIONS,
	 HOSTS,
	 NULL,
	 {},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: persistentvolumeclaim \"k\" not found."},

	/* ---- zones ---- */
	{"no volumes", ZONE, ZONES, NULL, {}, POD(""), "...", NULL},
	{"in zone 1",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"),
	  PV("pv", ", labels: {topology.kubernetes.io/zone: z1}", "", "Bound")},
	 POD(CLAIM("k")),
	 ".X.",
	 "0/3 nodes are available: 1 node(s) had no available volume zone."},
	{"in two zones",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"),
	  PV("pv", ", labels: {topology.kubernetes.io/zone: z2__z3}", "", "Bound")},
	 POD(CLAIM("k")),
	 "X..",
	 NULL},
	{"a zone whose name begins so is another",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"),
	  PV("pv", ", labels: {topology.kubernetes.io/zone: z11__z}", "", "Bound")},
	 POD(CLAIM("k")),
	 "XX.",
	 NULL},
	{"by the old label",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"),
	  PV("pv", ", labels: {failure-domain.beta.kubernetes.io/zone: z2}", "", "Bound")},
	 POD(CLAIM("k")),
	 "X..",
	 NULL},
	{"a region that no node has",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"),
	  PV("pv", ", labels: {topology.kubernetes.io/region: r}", "", "Bound")},
	 POD(CLAIM("k")),
	 "XX.",
	 NULL},
	{"a volume without zones",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv"), PV("pv", "", "", "Bound")},
	 POD(CLAIM("k")),
	 "...",
	 NULL},
	{"no such claim",
	 ZONE,
	 ZONES,
	 NULL,
	 {},
	 POD(CLAIM("k")),
	 "XXX",
	 "0/3 nodes are available: persistentvolumeclaim \"k\" not found."},
	{"no such volume",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pv")},
	 POD(CLAIM("k")),
	 "XXX",
	 "0/3 nodes are available: persistentvolume \"pv\" not found."},
	{"neither volume nor class",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", "", "")},
	 POD(CLAIM("k")),
	 "XXX",
	 "0/3 nodes are available: PersistentVolumeClaim had no pv name and storageClass name."},
	{"no such class",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", "", "storageClassName: none")},
	 POD(CLAIM("k")),
	 "XXX",
	 "0/3 nodes are available: storageclass.storage.k8s.io \"none\" not found."},
	{"a class without a mode",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", "", "storageClassName: odd"), {LOOKUP_CLASSES, "metadata: {name: odd}\nprovisioner: x"}},
	 POD(CLAIM("k")),
	 "XXX",
	 "0/3 nodes are available: VolumeBindingMode not set for StorageClass \"odd\"."},
	{"not bound, and not waiting",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", "", "storageClassName: now"), NOW},
	 POD(CLAIM("k")),
	 "XXX",
	 "0/3 nodes are available: PersistentVolume had no name."},
	{"not bound, and waiting",
	 ZONE,
	 ZONES,
	 NULL,
	 {PVC("k", "", "storageClassName: wait"), WAIT},
	 POD(CLAIM("k")),
	 "...",
	 NULL},

	/* ---- how many ---- */
	{"no limit",
	 LIMITS,
	 HOSTS,
	 ON("q", "a", CLAIM("j")),
	 {PVC("j", BOUND, "volumeName: pj"), PVC("k", BOUND, "volumeName: pk"), CSI("pj"), CSI("pk")},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"at the limit",
	 LIMITS,
	 HOSTS,
	 ON("q", "a", CLAIM("j")),
	 {PVC("j", BOUND, "volumeName: pj"), PVC("k", BOUND, "volumeName: pk"), CSI("pj"), CSI("pk"),
	  CSINODE("a", "2")},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"beyond the limit",
	 LIMITS,
	 HOSTS,
	 ON("q", "a", CLAIM("j")),
	 {PVC("j", BOUND, "volumeName: pj"), PVC("k", BOUND, "volumeName: pk"), CSI("pj"), CSI("pk"),
	  CSINODE("a", "1"), CSINODE("b", "1")},
	 POD(CLAIM("k")),
	 "x.",
	 NULL},
	{"the same volume once",
	 LIMITS,
	 HOSTS,
	 ON("q", "a", CLAIM("k")),
	 {PVC("k", BOUND, "volumeName: pk"), CSI("pk"), CSINODE("a", "1")},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"two of its own",
	 LIMITS,
	 HOSTS,
	 NULL,
	 {PVC("j", BOUND, "volumeName: pj"), PVC("k", BOUND, "volumeName: pk"), CSI("pj"), CSI("pk"),
	  CSINODE("a", "1")},
	 POD(CLAIM("j") "," CLAIM("k")),
	 "x.",
	 NULL},
	{"one that will be made counts",
	 LIMITS,
	 HOSTS,
	 ON("q", "a", CLAIM("j")),
	 {PVC("j", BOUND, "volumeName: pj"), PVC("k", "", "storageClassName: wait"), CSI("pj"), MAKE,
	  CSINODE("a", "1")},
	 POD(CLAIM("k")),
	 "x.",
	 NULL},
	{"of another driver",
	 LIMITS,
	 HOSTS,
	 ON("q", "a", CLAIM("j")),
	 {PVC("j", BOUND, "volumeName: pj"), PVC("k", BOUND, "volumeName: pk"), CSI("pj"),
	  PV("pk", "", "csi: {driver: csi.y, volumeHandle: h}", "Bound"), CSINODE("a", "1")},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"still attached for nobody",
	 LIMITS,
	 HOSTS,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pk"),
	  CSI("pj"),
	  CSI("pk"),
	  CSINODE("a", "1"),
	  {LOOKUP_ATTACHMENTS,
	   "metadata: {name: t}\nspec: {attacher: csi.x, nodeName: a, source: {persistentVolumeName: pj}}"}},
	 POD(CLAIM("k")),
	 "x.",
	 NULL},
	{"attached already",
	 LIMITS,
	 HOSTS,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pk"),
	  CSI("pk"),
	  CSINODE("a", "1"),
	  {LOOKUP_ATTACHMENTS,
	   "metadata: {name: t}\nspec: {attacher: csi.x, nodeName: a, source: {persistentVolumeName: pk}}"}},
	 POD(CLAIM("k")),
	 "..",
	 NULL},
	{"a limit of none",
	 LIMITS,
	 HOSTS,
	 NULL,
	 {PVC("k", BOUND, "volumeName: pk"), CSI("pk"), CSINODE("a", "0")},
	 POD(CLAIM("k")),
	 "x.",
	 NULL},
	{"no such claim",
	 LIMITS,
	 HOSTS,
	 NULL,
	 {},
	 POD(CLAIM("k")),
	 "XX",
	 "0/2 nodes are available: looking up PVC d/k: persistentvolumeclaim \"k\" not found."},
	{"an ephemeral volume's claim",
	 LIMITS,
	 HOSTS,
	 ON("q", "a", CLAIM("j")),
	 {PVC("j", BOUND, "volumeName: pj"), PVC("p-e", BOUND, "volumeName: pk"), CSI("pj"), CSI("pk"),
	  CSINODE("a", "1")},
	 POD("{name: e, ephemeral: {}}"),
	 "x.",
	 NULL},

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

static void fill(struct cluster *u, const struct volume_row *r)
{
	cluster_nodes(u, r->nodes, NULL);
	if (r->there)
		cluster_add_pod(u, r->there);
	for (size_t i = 0; i < TOLD_MAX && r->told[i].yaml; i++)
		cluster_tell(u, r->told[i].kind, r->told[i].yaml);
}

static void test_filters(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct volume_row *r = &rows[i];
		const struct framework f = {.plugins = &all[r->plugin], .n = 1};
		const struct sched_pod *p = make_pod(r->pod);
		autobuf struct buf words = BUF_INIT;
		struct reasons why = {0};
		struct cluster u;
		char got[65];

		cluster_init(&u, &f);
		fill(&u, r);
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
	fill(&u, &row);
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

static void test_hints(void **state)
{
	const struct framework f = {.plugins = all, .n = ARRAY_LEN(all)};
	const struct sched_pod *p = make_pod(POD(CLAIM("k") "," GCE("one", ""))),
			       *disk = make_pod(ON("q", "a", GCE("one", ""))),
			       *user = make_pod(ON("q", "a", CLAIM("k"))),
			       *other = make_pod(ON("q", "a", GCE("two", "")));
	const struct meta own = {.namespace = (char *)"d", .name = (char *)"k"},
			  far = {.namespace = (char *)"e", .name = (char *)"k"},
			  else_ = {.namespace = (char *)"d", .name = (char *)"j"};
	const struct {
		int plugin;
		struct cluster_event e;
		bool helps;
	} cases[] = {
		{BINDING, {.types = EVENT_STORAGE, .claim = &own}, true},
		{BINDING, {.types = EVENT_STORAGE, .claim = &far}, false},
		{BINDING, {.types = EVENT_STORAGE, .claim = &else_}, false},
		{BINDING, {.types = EVENT_STORAGE}, true},
		{ZONE, {.types = EVENT_STORAGE, .claim = &own}, true},
		{RESTRICTIONS, {.types = EVENT_POD_DELETED, .pod = disk}, true},
		{RESTRICTIONS, {.types = EVENT_POD_DELETED, .pod = user}, true},
		{RESTRICTIONS, {.types = EVENT_POD_DELETED, .pod = other}, false},
		{LIMITS, {.types = EVENT_POD_DELETED, .pod = user}, true},
		{LIMITS, {.types = EVENT_POD_DELETED, .pod = other}, false},
		{BINDING, {.types = EVENT_POD_DELETED, .pod = user}, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (framework_helps(&f, 1u << cases[i].plugin, p, &cases[i].e) != cases[i].helps)
			fail_msg("row %zu", i);
	informer_unref(p);
	informer_unref(disk);
	informer_unref(user);
	informer_unref(other);
	assert_null(decode_spec_check(&lookup_claim_spec));
	assert_null(decode_spec_check(&lookup_volume_spec));
	assert_null(decode_spec_check(&lookup_class_spec));
	assert_null(decode_spec_check(&lookup_capacity_spec));
	assert_null(decode_spec_check(&lookup_attachment_spec));
	assert_null(decode_spec_check(&lookup_csinode_spec));
	assert_null(decode_spec_check(&sched_pod_spec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_filters), cmocka_unit_test(test_promises),
					   cmocka_unit_test(test_hints)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
