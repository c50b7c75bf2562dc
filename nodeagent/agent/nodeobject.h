/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Node object as this agent writes it, and the facts about the machine that go into it (kubelet
 * pkg/kubelet/nodestatus). Building is pure; reading the facts is not. Any thread.
 */
#ifndef AGENT_NODEOBJECT_H
#define AGENT_NODEOBJECT_H

#include "object/core/resources.h"
#include "object/json.h"
#include "os/hugepages.h"
#include "runtime/runtime.h"

#define NODEOBJECT_MAX_NAMES 5	 /* of each (kubelet MaxNamesPerImageInNodeStatus) */
#define NODEOBJECT_MAX_IMAGES 50 /* the largest are listed (kubelet nodeStatusMaxImages) */

struct node_facts { /* strings owned */
	char *hostname, *arch, *kernel, *os_image, *machine_id, *boot_id, *system_uuid;
	int64_t cpu_milli, memory, storage; /* milli, bytes */
	js *huge;	    /* "hugepages-2Mi" -> quantity, of each size that the machine has; NULL = none */
	int64_t huge_bytes; /* of all of them */
	int64_t pids;	    /* processes and threads that the kernel has numbers for; 0 = not known */
	bool apparmor;	    /* the kernel confines by its profiles */
};
/* storage: of the file system that holds root. */
void node_facts_read(struct node_facts *f, const char *root);
void node_facts_release(struct node_facts *f);			       /* for tests */
void node_facts_huge(struct node_facts *f, const struct hugepages *h); /* for tests */

struct node_object {
	const char *name, *ip;
	const js *labels;    /* further ones, from --node-labels; NULL = none; borrowed, as the next ones */
	const js *taints;    /* it registers with them */
	const js *resources; /* extended ones: name -> quantity */
	const js *foreign;   /* what others have put into the capacity, likewise; null: it went */
	int zone;	     /* "zone-N"; 0 = none */
	const struct node_facts *facts;
	/* What the Pods may have of these; bounded false: all. */
	struct {
		bool bounded;
		int64_t cpu_milli, memory, storage;
	} allocatable;
	const bool *pressure; /* memory, disk, pids; NULL = none */
	int port, max_pods;
	const char *pod_cidr; /* NULL or "" = none */
	const char *runtime, *runtime_version;
	const struct runtime_handler *handlers; /* of a real runtime; NULL = nothing is known */
	size_t n_handlers;
	bool ready;
	const char *not_ready_why;
	const struct runtime_image_list *images; /* NULL = none */
};

/* The object for POST. now in wall nanoseconds. */
js *nodeobject_new(const struct node_object *n, int64_t now_ns);
/* What of a capacity, as the API has it, is not the agent's own: a new object for `foreign`, NULL when there is none. before: the last such
   one; *ret_changed: it differs. */
js *nodeobject_foreign(const struct node_object *n, const js *capacity, const js *before, bool *ret_changed);
/* Adds those amounts; null is none. */
int nodeobject_add(const js *amounts, struct resources *r, struct err *err) MUST_CHECK;
/* Its status alone; transition times are taken from `old` (a status, may be NULL). */
js *nodeobject_status(const struct node_object *n, const js *old, int64_t now_ns);
/* "k=v,k=v" as an object of labels. */
js *nodeobject_parse_labels(const char *text, struct err *err) MUST_CHECK;
/* "key=value:Effect,key:Effect" as a list of taints; "example.com/gpu=4" as amounts. */
js *nodeobject_parse_taints(const char *text, struct err *err) MUST_CHECK;
js *nodeobject_parse_resources(const char *text, struct err *err) MUST_CHECK;
/* The labels that a node carries by itself, and those of --node-labels. */
js *nodeobject_labels(const struct node_object *n);

#endif
