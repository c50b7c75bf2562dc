/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups of the Pods, on the unified hierarchy (v2) and on v1 or hybrid machines: one directory
 * /coracle-CLUSTER/podUID in every hierarchy, the containers' and pause's below it. Any thread.
 */
#ifndef RUNTIME_OCI_CGROUP_H
#define RUNTIME_OCI_CGROUP_H

#include "runtime/runtime.h"

#define OCI_HIERARCHIES_MAX 32

struct oci_cgroups;
/* Looks at what is mounted, and which huge pages there are (HUGEPAGES_DIR). */
struct oci_cgroups *oci_cgroups_open(const char *mountinfo, const char *huge_dir, struct err *err) MUST_CHECK;
void oci_cgroups_free(struct oci_cgroups *g);
bool oci_cgroups_unified(const struct oci_cgroups *g);
/* Controllers that a unified hierarchy does not have: what they would hold is not asked for, for runtimes fail then. */
struct oci_lacks {
	bool cpu, memory, pids;
};
struct oci_lacks oci_cgroups_lack(const struct oci_cgroups *g);

/* Makes `path` ("/coracle-x/podY") in all hierarchies and sets its limits. */
int oci_cgroup_make(const struct oci_cgroups *g, const char *path, const struct runtime_limits *l,
		    struct err *err) MUST_CHECK;
/* New limits of a group that there is. */
int oci_cgroup_update(const struct oci_cgroups *g, const char *path, const struct runtime_limits *l,
		      struct err *err) MUST_CHECK;
/* Its huge pages alone. */
int oci_cgroup_huge(const struct oci_cgroups *g, const char *path, const struct runtime_limits *l,
		    struct err *err) MUST_CHECK;
/* Makes a leaf and moves a process into it. On v1 this may wait some ten milliseconds for the kernel (a grace
   period), hence belongs beside other work, not before it. */
int oci_cgroup_enter(const struct oci_cgroups *g, const char *path, int pid, struct err *err) MUST_CHECK;
/* Kills what is in it and below, waits for the ends, removes the directories. Success when it is not there.
 */
int oci_cgroup_remove(const struct oci_cgroups *g, const char *path, struct err *err) MUST_CHECK;
/* What is and was used in it and below; what no hierarchy counts is 0. REASON_NOT_FOUND when none counts anything. */
int oci_cgroup_usage(const struct oci_cgroups *g, const char *path, struct runtime_usage *ret,
		     struct err *err) MUST_CHECK;
/* A file of its own, of v1's controller or (NULL) of v2; appended. False: there is none. */
bool oci_cgroup_read(const struct oci_cgroups *g, const char *path, const char *controller, const char *file,
		     struct buf *out);
/* True when the kernel has killed a process of this group for memory. */
bool oci_cgroup_oom_killed(const struct oci_cgroups *g, const char *path);

#endif
